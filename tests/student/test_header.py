"""Headers: as small as zlib makes them, but never bombs."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.student.file.header import compress, decompress


@pytest.mark.parametrize(
    "columns",
    [
        [f"x{i}" for i in range(20_000)],
        [f"sensor_temperature_mean_{i:05d}" for i in range(5000)],
        [[f"c{i}", ["no", "yes"]] for i in range(5000)],
        ["x" * 10**6],
        [[]] * 10**5,
        ["," * 10**5],
        [[[]] * 30] * 10**4,
    ],
)
def test_any_header_comes_back(columns):
    text = json.dumps(columns, separators=(",", ":")).encode()
    packed = compress(text)
    assert decompress(packed, len(text)) == text
    assert len(packed) <= len(text) + 100


@given(st.binary(max_size=1000), st.integers(0, 100))
def test_any_text_comes_back(text, times):
    assert decompress(compress(text * times), len(text * times)) == text * times


def test_names_of_columns_are_stored_as_tightly_as_zlib_can():
    text = json.dumps([f"feature_{i}" for i in range(20_000)], separators=(",", ":")).encode()
    assert compress(text) == zlib.compress(text, 9)


def test_a_header_of_many_values_is_refused_before_it_is_read():
    for value in (b"{}", b"[]", b'"":0', b"0"):
        text = b",".join([value] * 10**5)
        with pytest.raises(ValueError, match="absurd"):
            decompress(zlib.compress(text, 9), len(text))
