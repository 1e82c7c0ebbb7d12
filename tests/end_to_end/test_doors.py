"""A cell means the same wherever it stands: spellings, input formats, neighbours."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import hpmkd
from benchmarks.doors.grammar import training_rows
from benchmarks.doors.run import outcomes, student_of
from hpmkd.cli import cli
from hpmkd.data.table_files import read_table
from hpmkd.student import Schema

pytestmark = pytest.mark.filterwarnings("ignore:column 'score' holds numbers:hpmkd.DataWarning")

QUIET = ["--quiet", "--set=sampler.trials=1", "--set=split.folds=2", "--student=tree"]


@pytest.fixture(scope="module")
def student():
    return student_of("tree", rows=300, seed=0)


@pytest.mark.filterwarnings("ignore:.*read with semicolons:hpmkd.DataWarning")
@pytest.mark.parametrize("seed", [1, 2])
def test_odd_cells_in_every_input_format(student, seed):
    pytest.importorskip("polars")
    counts, wrong = Counter(), []
    for door, outcome, rows in outcomes(student, cases=300, seed=seed):
        counts[outcome] += 1
        if outcome in ("wrong", "unclear"):
            wrong.append((door, outcome, rows))
    assert wrong == []
    assert min(counts["same"], counts["refused"]) > 80


TEXTS = st.one_of(
    st.sampled_from(["01", "1", "1.0", "TRUE", "True", "1e5", "NA", "", "nan", "1_000", " 2", "?"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=4),
)


@given(st.lists(TEXTS, min_size=2, max_size=6, unique=True), st.data())
def test_a_level_is_read_as_itself_alone_and_among_others(tmp_path_factory, levels, data):
    schema = Schema.fit(pd.DataFrame({"x": pd.Series(["text", *levels], dtype=object)}))
    codes = dict(zip(schema.columns[0].categories, range(9), strict=False))
    rows = data.draw(st.lists(st.sampled_from(levels), min_size=1, max_size=4))
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    pd.DataFrame({"x": rows, "z": 0}).to_csv(path, index=False)
    texts = {"x": schema.columns[0].categories}
    expected = [codes[text] for text in rows]
    for table in (
        read_table(path, texts=texts),
        pd.DataFrame({"x": rows}),
        [{"x": t} for t in rows],
    ):
        assert schema.matrix(table)[:, 0].tolist() == expected


@pytest.fixture
def files(tmp_path):
    """Write training rows, and rows whose codes are digits alone; return the frame, and a call."""
    frame = pd.DataFrame(training_rows(240, seed=3))
    frame.to_csv(tmp_path / "training.csv", index=False)
    digits = frame[frame["code"] != "A1"].head(40)
    digits.to_csv(tmp_path / "digits.csv", index=False)
    digits.drop(columns="y").to_csv(tmp_path / "unlabeled.csv", index=False)

    def call(*arguments):
        done = CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done

    return tmp_path, digits, call


def test_files_of_digits_alone_are_read_by_the_training_rows(files):
    folder, digits, call = files
    call("distill", folder / "training.csv", "--target=y", "--out", folder / "run", *QUIET)
    call("predict", folder / "run", folder / "digits.csv", "--out", folder / "p.csv")
    found = pd.read_csv(folder / "p.csv")
    student = hpmkd.load(folder / "run").student
    rows = digits.drop(columns="y").to_dict("records")
    expected = np.vstack([student.predict_proba([row])[0] for row in rows])
    assert np.array_equal(found[["p_no", "p_yes"]].to_numpy(), expected)
    assert "accuracy" in call("evaluate", folder / "run", folder / "digits.csv").output


@pytest.mark.filterwarnings("ignore:unlabeled rows:hpmkd.DataWarning")
@pytest.mark.filterwarnings("ignore:test rows:hpmkd.DataWarning")
def test_test_rows_and_unlabeled_rows_are_read_by_the_training_rows(files):
    folder, digits, call = files
    options = ["--test", folder / "digits.csv", "--unlabeled", folder / "unlabeled.csv", *QUIET]
    call("distill", folder / "training.csv", "--target=y", "--out", folder / "run", *options)
    found = hpmkd.load(folder / "run")
    predicted = found.student.predict(digits.drop(columns="y").to_dict("records"))
    chosen = found.leaderboard[found.leaderboard["role"] == "student"]["accuracy"]
    assert (predicted == digits["y"].to_numpy()).mean() in chosen.tolist()


@pytest.mark.filterwarnings("ignore:column 'x3' holds numbers:hpmkd.DataWarning")
def test_an_array_of_text_is_read_as_a_file_of_it(files):
    folder, _, call = files
    frame = pd.read_csv(folder / "training.csv", dtype=str, keep_default_na=False)
    cells = frame.drop(columns="y").to_numpy(dtype=object)
    settings = {"sampler.trials": 1, "split.folds": 2, "memory": "none", "cache": "memory"}
    found = hpmkd.distill(cells, frame["y"], student="tree", settings=settings)
    call("distill", folder / "training.csv", "--target=y", "--out", folder / "run", *QUIET)
    kinds = [each.kind for each in hpmkd.load(folder / "run").student.encoder.schema.columns]
    own = found.student.encoder.schema.columns
    # CSV files have truth values; text does not.
    assert [each.kind for each in own][:4] == kinds[:4]
    assert own[3].missing == ("?",)
    assert np.isfinite(found.student.predict_proba(cells)).all()


def test_an_id_is_left_out_and_not_needed_at_prediction(files):
    folder, _, call = files
    frame = pd.read_csv(folder / "training.csv", dtype=str)
    frame.insert(0, "customer_id", np.random.default_rng(0).permutation(len(frame)))
    frame.insert(0, "Unnamed: 0", range(len(frame)))
    frame.assign(noise=range(1, 2 * len(frame), 2)).to_csv(folder / "ids.csv", index=False)
    out = folder / "run"
    with pytest.warns(UserWarning, match="left out: 'Unnamed: 0' .*'customer_id'"):
        call("distill", folder / "ids.csv", "--target=y", "--out", out, "--drop=noise", *QUIET)
    call("predict", out, folder / "unlabeled.csv")
    with pytest.warns(UserWarning, match="left out: 'Unnamed: 0' \\(numbers the rows\\); --keep"):
        call(
            *("distill", folder / "ids.csv", "--target=y", "--out", out, "--overwrite"),
            *("--keep=customer_id", "--drop=noise", *QUIET),
        )
    done = CliRunner().invoke(cli, ["predict", str(out), str(folder / "unlabeled.csv")])
    assert done.exit_code == 3
    assert "lacks the columns 'customer_id'" in done.output
