from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpmkd.student.columns.column import Column
from hpmkd_defaults.exporters.onnx.columns import input_names, missing_text


@given(st.lists(st.text(max_size=6) | st.sampled_from(["label", "a b", "a_b", "a_b_2", "2", "_2"])))
def test_names_are_identifiers_and_differ(names):
    names = list(dict.fromkeys(names))
    found = input_names(names)
    assert len(set(found)) == len(names)
    assert not {"label", "probabilities"} & set(found)
    assert all(name.isidentifier() and name.isascii() for name in found)


def test_proper_names_stay_whatever_comes_before_them():
    assert input_names(["a b", "a_b", "label", ""]) == ("a_b_2", "a_b", "label_2", "_")


@given(st.sets(st.sampled_from(["", "<missing>", "<missing<missing>>", "x"])))
def test_the_text_of_a_missing_cell_is_no_category(categories):
    text = missing_text(Column("a", "category", tuple(categories)))
    assert text not in categories
    assert (text == "") == ("" not in categories)
