import mmap
import os

import numpy as np
import pytest

from hpmkd.errors import StudentFileError
from hpmkd.student import Student
from hpmkd.student.file import container
from hpmkd.student.file.arrays import owned
from hpmkd.student.file.container import LARGEST_FILE

LOADED = """
import sys
from hpmkd.student import Student
student = Student.load(sys.argv[1])
heavy = ("numba", "pandas", "sklearn", "xgboost", "scipy", "optuna")
print([name for name in heavy if name in sys.modules])
"""


def owner(array):
    """Return what holds the memory of an array."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


@pytest.fixture
def saved(small, tmp_path):
    return {family: each.save(tmp_path / family) for family, each in small[0].items()}


def values_of(student):
    """Return the arrays that a file holds as they are used."""
    model = student.model
    if model.kind == "additive":
        return [model.trees.leaf_values, model.linear.coefficients]
    return [model.coefficients if model.kind == "linear" else model.leaf_values]


# Those of the tree are exact in float16, so that the file has them in two bytes.
@pytest.mark.parametrize("family", ["linear", "boosted", "additive"])
def test_values_are_views_of_the_file(family, saved, small, monkeypatch):
    students, frame = small
    predicted = students[family].predict_proba(frame).tobytes()
    for smallest_map, kind in ((2**20, bytes), (1, mmap.mmap)):
        monkeypatch.setattr(container, "_MAPPED_FROM", smallest_map)
        student = Student.load(saved[family])
        assert all(type(owner(array)) is kind for array in values_of(student))
        assert student.predict_proba(frame).tobytes() == predicted
        assert student.to_bytes() == saved[family].read_bytes()


def test_indices_are_never_views_of_the_file(saved, monkeypatch):
    monkeypatch.setattr(container, "_MAPPED_FROM", 1)
    model = Student.load(saved["boosted"]).model
    for name in ("roots", "features", "left", "right", "missing_left", "outputs"):
        assert isinstance(owner(getattr(model, name)), np.ndarray)


def test_a_mapped_student_survives_that_its_file_is_replaced(saved, small, monkeypatch):
    monkeypatch.setattr(container, "_MAPPED_FROM", 1)
    students = small[0]
    student = Student.load(saved["boosted"])
    students["tree"].save(saved["boosted"])
    saved["boosted"].unlink()
    assert student.to_bytes() == students["boosted"].to_bytes()


def test_files_that_cannot_be_student_files(tmp_path, monkeypatch):
    huge, empty = tmp_path / "huge", tmp_path / "empty"
    empty.touch()
    with huge.open("wb") as stream:
        stream.truncate(LARGEST_FILE + 1)  # sparse: takes no room
    for path, reason in ((huge, "no regular file of at most"), ("/dev/zero", "no regular file")):
        with pytest.raises(StudentFileError, match=reason):
            Student.load(path)
    with pytest.raises(StudentFileError, match="truncated after 0 bytes"):
        Student.load(empty)
    monkeypatch.setattr(container, "_MAPPED_FROM", 0)
    with pytest.raises(StudentFileError, match="it shrank"):
        Student.load(empty)


def test_loading_imports_nothing_heavy(saved, in_fresh_process):
    for path in saved.values():
        assert in_fresh_process(LOADED, path) == "[]"


def test_only_floats_that_nobody_can_write_to_are_kept(tmp_path):
    content = np.arange(6, dtype=np.float32).tobytes()
    path = tmp_path / "floats"
    path.write_bytes(content)
    with path.open("r+b") as stream:
        closed = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        opened = mmap.mmap(stream.fileno(), 0)
    array = np.frombuffer(content, np.float32)
    for stored in (array, array.reshape(2, 3)[1], np.frombuffer(closed, np.float32)):
        assert owned(stored, np.float32, 1, "it") is stored
    own = array.copy()
    view = own.view()
    own.flags.writeable = view.flags.writeable = False
    copied = [
        (own, np.float32),  # its owner may open it again
        (view, np.float32),
        (np.frombuffer(bytearray(content), np.float32), np.float32),
        (np.frombuffer(memoryview(bytearray(content)).toreadonly(), np.float32), np.float32),
        (np.frombuffer(opened, np.float32), np.float32),
        (np.frombuffer(memoryview(opened).toreadonly(), np.float32), np.float32),
        (array, np.float64),
        (array[::2], np.float32),
        (np.frombuffer(b"\0" + content, np.float32, offset=1), np.float32),
        (np.frombuffer(content, np.int32), np.int32),
    ]
    for given, dtype in copied:
        made = owned(given, dtype, 1, "it")
        assert not np.shares_memory(made, given)
        assert not made.flags.writeable
        np.testing.assert_array_equal(made, given)


def test_a_pipe_can_be_loaded(small):
    reader, writer = os.pipe()
    content = small[0]["tree"].to_bytes()
    os.write(writer, content)
    os.close(writer)
    assert Student.load(f"/dev/fd/{reader}").to_bytes() == content
    os.close(reader)
