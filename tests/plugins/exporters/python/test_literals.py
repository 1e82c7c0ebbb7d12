"""Values as source."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.testing.students import ODD_NAMES
from hpmkd_defaults.exporters.python.literals import LONGEST_LINE, filled, literal

scalars = st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none()
values = st.recursive(
    scalars | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.lists(st.floats(0, 1)),
)


@given(values)
@settings(max_examples=50)
def test_python_reads_back_what_is_written(value):
    source = literal(value)
    assert eval(source) == value
    assert all(line.isprintable() for line in source.split("\n"))


def test_odd_names_are_written_in_one_line():
    assert all("\n" not in literal(name) for name in ODD_NAMES)
    assert eval(literal(list(ODD_NAMES))) == list(ODD_NAMES)


def test_long_values_stand_in_several_lines():
    assert literal({"a": [1.0, 2.0], "b": "text"}) == "{'a': [1.0, 2.0], 'b': 'text'}"
    long = literal({"numbers": [0.125] * 40, "texts": ["x" * 50] * 2})
    assert max(map(len, long.split("\n"))) <= LONGEST_LINE
    assert long.startswith("{\n    'numbers': [\n        0.125, 0.125,")
    assert filled(["a", "b"], 4) == "    a, b,\n"
