from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.data import tables
from hpmkd.data.dataset import Dataset
from hpmkd.data.tables import (
    TablePart,
    digest,
    digest_of_rows,
    frozen,
    read_only,
    take,
    taken,
)

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, np.nan, 1.5]})


def test_take_takes_rows_by_position():
    rows = np.array([2, 0])
    shuffled = FRAME.set_axis([5, 7, 0])
    assert take(shuffled, rows)["a"].tolist() == [3, 1]
    assert take(np.array([[1], [2], [3]]), rows).tolist() == [[3], [1]]


def frames():
    """Return a frame, and frames that differ from it in one cell, dtype or name each."""
    base = pd.DataFrame(
        {
            "number": [1.0, 2.0, np.nan],
            "whole": [1, 2, 3],
            "text": ["a", "b", None],
            "truth": [True, False, True],
            "level": pd.Categorical(["u", "v", "u"], categories=["u", "v"]),
            "object": pd.Series([1, "1", None], dtype=object),
        }
    )

    def changed(column, row, value):
        frame = base.copy()
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        frame[column] = frame[column].astype(base[column].dtype)
        return frame

    return {
        "base": base,
        "number cell": changed("number", 0, 1.5),
        "missing number": changed("number", 0, np.nan),
        "whole cell": changed("whole", 1, 4),
        "text cell": changed("text", 0, "c"),
        "missing text": changed("text", 0, None),
        "truth cell": changed("truth", 1, True),
        "level cell": changed("level", 0, "v"),
        "object value": changed("object", 0, 2),
        "object type": changed("object", 0, "1"),
        "dtype": base.astype({"whole": "int32"}),
        "level order": base.assign(level=base["level"].cat.reorder_categories(["v", "u"])),
        "name": base.rename(columns={"whole": "hole"}),
        "column order": base[base.columns[::-1]],
        "row order": base.iloc[::-1].reset_index(drop=True),
        "fewer rows": base.iloc[:2],
    }


def test_the_digest_sees_every_difference():
    digests = {name: digest(frame) for name, frame in frames().items()}
    seen = {}
    for name, found in digests.items():
        assert found not in seen, f"{name} has the digest of {seen[found]}"
        seen[found] = name


def test_the_digest_does_not_see_the_index():
    frame = frames()["base"]
    assert digest(frame) == digest(frame.set_axis([9, 8, 7]))


def test_the_digest_sees_every_difference_of_arrays():
    base = np.array([[1.0, 2.0], [3.0, 4.0]])
    other = base.copy()
    other[1, 1] = np.nextafter(4.0, 5.0)
    texts = np.array(["a", "bc"])
    objects = np.array([1, "1", None], dtype=object)
    different = [
        base,
        other,
        base.astype(np.float32),
        base.reshape(4, 1),
        base.T,
        texts,
        np.array(["ab", "c"]),
        objects,
        np.array(["1", "1", None], dtype=object),
    ]
    assert len({digest(each) for each in different}) == len(different)
    assert digest(np.asfortranarray(base)) == digest(base)


def test_the_digest_tells_apart_where_values_end():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a") != digest("a", "a")
    assert digest(1) != digest("1")


def test_the_digest_is_the_same_in_a_fresh_process(in_fresh_process):
    source = """
import numpy as np, pandas as pd
from hpmkd.data.tables import digest
frame = pd.DataFrame({
    "a": [1.5, None], "b": ["x", None], "c": pd.Categorical(["u", "v"]),
    "d": pd.Series([1, "q"], dtype=object),
})
print(digest(frame, np.arange(3), np.array([1, "z", None], dtype=object), "text", 7))
"""
    printed = in_fresh_process(source)
    space = {}
    exec(source.replace("print(", "found = ("), space)
    assert printed == space["found"]


def test_frozen_arrays_are_copies_that_stay_frozen():
    mine = np.arange(3)
    stored = frozen(mine)
    assert frozen(stored) is stored
    mine[0] = 9
    assert stored.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="WRITEABLE"):
        stored.flags.writeable = True


def test_a_read_only_view_leaves_the_array_to_its_owner():
    mine = np.zeros((2, 2))
    with pytest.raises(ValueError, match="read-only"):
        read_only(mine)[0, 0] = 1
    mine[0, 0] = 1
    frame = pd.DataFrame(mine)
    assert read_only(frame) is frame


# ------------------------------------------------------------------- digests of rows


@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray])
def test_rows_have_a_digest_whatever_their_order_and_division(kind, people):
    table = people if kind is pd.DataFrame else np.random.default_rng(0).normal(size=(150, 3))
    labels = np.arange(150) % 3
    whole = digest_of_rows([(kind(table), labels)])
    order = np.random.default_rng(1).permutation(150)
    parts = [(take(kind(table), rows), labels[rows]) for rows in np.split(order, [40, 60])]
    assert digest_of_rows(iter(parts)) == whole
    assert digest_of_rows(parts[1:]) != whole
    assert digest_of_rows([*parts, parts[0]]) != whole
    assert digest_of_rows([(kind(table), labels[::-1])]) != whole


def test_rows_hashed_some_at_a_time_have_the_same_digest(people):
    labels = np.arange(len(people))
    for table in (people, people.to_numpy(dtype=object)):
        blocks = Dataset(table, labels, labels).blocks(2)
        some = digest_of_rows((each.table, each.labels) for each in blocks)
        assert some == digest_of_rows([(table, labels)])


def test_one_cell_changes_the_digest_of_rows(people):
    labels = np.zeros(150, dtype=int)
    changed = people.copy()
    changed.loc[7, "children"] = 9
    digests = {digest_of_rows([(each, labels)]) for each in (people, changed)}
    assert len(digests) == 2


@pytest.mark.parametrize("name", ["frame", "numbers", "objects"])
def test_a_part_is_read_as_the_rows_that_it_stands_for(name, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 2)
    frame = FRAME.assign(d=FRAME["b"].astype("category"))
    whole = {
        "frame": frame,
        "numbers": FRAME[["a", "c"]].to_numpy(),
        "objects": FRAME.to_numpy(dtype=object),
    }[name]
    at = np.array([2, 0, 1, 2, 2])
    part, rows = TablePart(whole, at), take(whole, at)
    assert part.shape == rows.shape
    assert digest(part) == digest(rows) != digest(whole)
    assert digest(taken(part)) == digest(rows)
    assert digest(take(part, np.array([3, 1]))) == digest(take(rows, np.array([3, 1])))
    assert not part.at.flags.writeable
