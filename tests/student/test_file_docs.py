"""The example in docs/student-file.md that reads a file must work."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from hpmkd.student.file import container, header
from hpmkd.student.models.pool import MAX_MEMBERS
from tests.student.crafting import arrays_of
from tests.student.test_fuzz import FREE_MEMORY, MEMORY_RATIO

PAGE = Path(__file__).parents[2].joinpath("docs", "student-file.md").read_text("utf-8")


@pytest.mark.parametrize("family", ["linear", "tree", "boosted", "additive", "network", "pooled"])
def test_the_example_maps_a_file(family, small, tmp_path):
    path = small[0][family].save(tmp_path / "student.hpmkd")
    (example,) = re.findall(r"```python\n(import json.*?)```", PAGE, re.DOTALL)
    names = {"path": path}
    exec(example, names)
    expected = arrays_of(path.read_bytes())
    assert list(names["arrays"]) == list(expected)
    for name, array in names["arrays"].items():
        assert isinstance(array, np.memmap)
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])
        assert array.ctypes.data % 8 == 0
        # Each part of a name is told, be it by itself or with what goes before.
        last = name.rsplit(".", 1)[-1]
        assert any(f"`{prefix}{last}`" in PAGE for prefix in ("", "model.", "encoder.", "pool."))


def test_the_numbers_are_those_of_the_code():
    assert struct.Struct("<8sH2xIII").size == 24
    assert f"format version: {container.FORMAT_VERSION}" in PAGE
    assert container.LARGEST_FILE == 2**28
    assert container.MAGIC.hex(" ") in PAGE
    assert "at most 65,536 or 8 h, whichever is more" in PAGE
    assert (header.FREE_OF_TEXTS, header.RATIO_OF_TEXTS) == (65_536, 8)
    assert "more than 49,152 and 4 h, it has at most 8,192 or 2 h / 3 commas" in PAGE
    assert (header.FREE, header.RATIO) == (49_152, 4)
    assert (header.FREE_VALUES, header.VALUES_PER_BYTE) == (8192, 2 / 3)
    assert f"at most 4 MB plus {MEMORY_RATIO} times" in PAGE
    assert FREE_MEMORY == 4_000_000
    assert f"a list of 1 to {MAX_MEMBERS} such objects" in PAGE
