"""What becomes of raw columns at training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.columns import ColumnChoice, conformed, left_out, read_text_numbers, texts_of
from hpmkd.data.make_dataset import as_test_rows, make_dataset
from hpmkd.errors import DataError, DataWarning

N = 200
RNG = np.random.default_rng(0)
LABELS = np.arange(N) % 2
GOOD = RNG.normal(size=N)


def frame(**columns):
    return pd.DataFrame({"good": GOOD, **columns})


def numbers(*odd):
    """Return text that spells numbers, with some other texts among it."""
    texts = [f"{number:.3f}" for number in GOOD]
    return [*odd, *texts[len(odd) :]]


@pytest.mark.parametrize("odd", [["?"], ["?", "-", "n.k.", "?"]])
@pytest.mark.parametrize("dtype", [object, "str"])
def test_few_odd_cells_among_numbers_are_missing(odd, dtype):
    column = pd.Series(numbers(*odd), dtype=dtype)
    with pytest.warns(DataWarning, match=r"'x' holds numbers, but \d of 200 cells '\?'"):
        read, missing = read_text_numbers(frame(x=column))
    assert set(missing["x"]) == set(odd)
    assert read["x"].dtype == np.float64
    assert read["x"].isna().sum() == len(odd)
    assert read["x"].iloc[-1] == pytest.approx(GOOD[-1], abs=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "column",
    [
        [*"123456789", "X"] * 20,  # codes
        [f"{at:03}" for at in range(N)],  # leading zeros
        ["x", "y"] * 100,
    ],
)
def test_other_text_stays_text(column):
    given = frame(x=column)
    read, missing = read_text_numbers(given)
    assert read is given or read.equals(given)
    assert missing == {}


def test_more_odd_cells_make_text_of_the_column_and_are_warned_of():
    given = frame(x=numbers(*["?"] * 11))
    with pytest.warns(DataWarning, match=r"'x' .*, but other text in 6% of its cells.*'\?'"):
        read, missing = read_text_numbers(given)
    assert read is given
    assert missing == {}


def test_where_odd_cells_stand_does_not_matter():
    texts = [f"{number:.3f}" for number in RNG.normal(size=3000)]
    for first in ([*["?"] * 120, *texts], [*texts, *["?"] * 120]):
        with pytest.warns(DataWarning, match="120 of 3120 cells"):
            _, missing = read_text_numbers(pd.DataFrame({"x": first}))
        assert missing == {"x": ("?",)}


def test_objects_that_are_numbers_at_first_are_read():
    cells = pd.Series([*RNG.normal(size=1500), "?"], dtype=object)
    with pytest.warns(DataWarning, match="1 of 1501 cells"):
        read, _ = read_text_numbers(pd.DataFrame({"x": cells}))
    assert read["x"].dtype == np.float64


@pytest.mark.parametrize("dtype", [object, str])
def test_text_in_an_array_is_read_as_in_a_frame(dtype):
    cells = np.column_stack([numbers("?"), ["a", "b"] * 100]).astype(dtype)
    with pytest.warns(DataWarning, match="'x0' holds numbers"):
        dataset = make_dataset(cells, LABELS)
    assert np.isnan(dataset.table[0, 0])
    assert isinstance(dataset.table[1, 0], float)
    test = as_test_rows(dataset, cells[::-1], LABELS)
    assert np.isnan(test.table[-1, 0])


@pytest.mark.filterwarnings("error")
def test_text_of_numbers_alone_is_numbers():
    read, missing = read_text_numbers(frame(x=numbers()))
    assert read["x"].dtype == np.float64
    assert missing == {}


REASONS = {
    "never changes": [1.0] * N,
    "missing in every row": [None] * N,
    "numbers the rows": np.arange(7, 7 + N),
    "nearly every row has its own text": [f"note {at}" for at in RNG.permutation(N)],
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_teaches_nothing_is_left_out_with_one_line(reason):
    given = frame(dull=REASONS[reason])
    with pytest.warns(DataWarning, match=f"columns left out: 'dull' \\({reason}\\)") as caught:
        assert left_out(given, ColumnChoice()) == ("dull",)
    assert len(caught) == 1


def test_an_identifier_may_lack_some_cells():
    cells = RNG.permutation(N).astype(float)
    cells[3] = np.nan
    with pytest.warns(DataWarning, match="every row has its own"):
        assert left_out(frame(user_id=cells), ColumnChoice()) == ("user_id",)


@pytest.mark.parametrize("name", ["id", "customer_id", "ID", "userId", "UUID", "Unnamed: 0"])
def test_identifiers_are_known_by_their_name_and_their_values(name):
    with pytest.warns(DataWarning, match="every row has its own"):
        assert left_out(frame(**{name: RNG.permutation(N)}), ColumnChoice()) == (name,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "columns",
    [
        {"id": RNG.integers(20, size=N)},  # repeats
        {"paid": RNG.permutation(N)},
        {"income": RNG.permutation(N)},
        {"level": [f"note {at % 50}" for at in range(N)]},
        {"late": [0.0] * (N - 1) + [1.0]},
    ],
)
def test_what_may_teach_something_is_kept(columns):
    assert left_out(frame(**columns), ColumnChoice()) == ()


@pytest.mark.filterwarnings("error")
def test_a_user_decides():
    given = frame(id=RNG.permutation(N), other=GOOD)
    assert left_out(given, ColumnChoice(drop=("other",), keep=("id",))) == ("other",)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (ColumnChoice(drop=("god",)), "drop: no column is called 'god'; did you mean 'good'"),
        (ColumnChoice(keep=("zzz",)), "keep: no column is called 'zzz'"),
        (ColumnChoice(drop=("good",), keep=("good",)), "'good' to drop and to keep"),
        (ColumnChoice(drop=("good",)), "no column is left"),
    ],
)
def test_choices_that_cannot_be(choice, message):
    with pytest.raises(DataError, match=message):
        left_out(frame(), choice)


def test_an_array_has_no_names_to_drop():
    with pytest.raises(DataError, match="an array without names"):
        make_dataset(GOOD[:, None], LABELS, columns=ColumnChoice(drop=("x0",)))


def test_a_decimal_comma_is_recognised():
    texts = [f"{number:.2f}".replace(".", ",") for number in RNG.integers(1, 50, size=N) / 8]
    with pytest.warns(DataWarning, match="decimal comma: 'x'; .*--decimal ,"):
        make_dataset(frame(x=texts), LABELS)


def test_left_out_columns_stay_in_the_table_but_not_in_the_features():
    with pytest.warns(DataWarning, match="left out"):
        dataset = make_dataset(frame(same=1), LABELS)
    some = dataset.rows(np.arange(5))
    assert list(some.table.columns) == ["good", "same"]
    assert list(some.features.columns) == ["good"]


def test_test_rows_hold_numbers_where_training_has_them():
    with pytest.warns(DataWarning, match="holds numbers"):
        training = make_dataset(frame(x=numbers("?"), b=GOOD > 0), LABELS)
    given = frame(x=numbers("?", "NA", "1e3"), b=["TRUE", "false", None, "1"] * 50)
    test = as_test_rows(training, given, LABELS)
    assert test.table["x"].head(3).isna().tolist() == [True, True, False]
    assert test.table["b"].head(4).tolist()[:2] == [1.0, 0.0]
    with pytest.raises(DataError, match="column 'x' holds '-', expected numbers"):
        conformed(frame(x=numbers("-"), b=GOOD > 0), training.table, training.missing)


def test_text_columns_and_the_missing_cells_among_their_levels():
    given = frame(a=["NA", "x"] * 100, b=["y", "z"] * 100)
    assert texts_of(given) == {"a": ["NA"], "b": []}
