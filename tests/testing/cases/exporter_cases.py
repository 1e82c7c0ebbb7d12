"""A right exporter and wrong ones, each with the test that must catch it."""

from __future__ import annotations

from itertools import count

import pytest

from hpmkd.testing import ExporterSuite

COUNT = count()


class Bytes:
    suffix = ".bytes"

    def export(self, student, path):
        path.write_bytes(student.to_bytes())
        return path


class Suite(ExporterSuite):
    component = Bytes

    @pytest.fixture
    def exporter(self):
        return self.component()


class TestRight(Suite):
    pass


class Dotless(Bytes):
    suffix = "bytes"


class TestSuffixWithoutDot(Suite):
    component = Dotless
    caught_by = "test_fulfils_the_protocol"


class Elsewhere(Bytes):
    def export(self, student, path):
        return super().export(student, path.with_name("other"))


class TestWritesElsewhere(Suite):
    component = Elsewhere
    caught_by = "test_writes_the_file_and_returns_it"


class Untidy(Bytes):
    def export(self, student, path):
        path.with_suffix(".tmp").touch()
        return super().export(student, path)


class TestLeavesATemporaryFile(Suite):
    component = Untidy
    caught_by = "test_writes_the_file_and_returns_it"


class Shy(Bytes):
    def export(self, student, path):
        return path if path.exists() else super().export(student, path)


class TestKeepsTheOldFile(Suite):
    component = Shy
    caught_by = "test_replaces_a_file"


class Dated(Bytes):
    def export(self, student, path):
        path.write_text(f"{next(COUNT)} {student.to_bytes()}")
        return path


class TestWritesAnotherFileEachTime(Suite):
    component = Dated
    caught_by = "test_writes_the_same_twice"


class Early(Bytes):
    def export(self, student, path):
        with path.open("wb") as file:
            file.write(student.to_bytes())
        return path


class TestHalfWritten(Suite):
    component = Early
    caught_by = "test_leaves_nothing_behind_if_the_student_is_damaged"


class Helpful(Bytes):
    def export(self, student, path):
        path.parent.mkdir(exist_ok=True)
        return super().export(student, path)


class TestMakesFolders(Suite):
    component = Helpful
    caught_by = "test_leaves_nothing_behind_if_the_folder_is_missing"


class Meddling(Bytes):
    def export(self, student, path):
        super().export(student, path)
        student.to_bytes = lambda: b"gone"
        return path


class Frank:
    """A student that lets itself be changed."""

    def __init__(self):
        self.classes_ = ["left", "right"]

    def to_bytes(self):
        return b"student"


class TestMeddles(Suite):
    component = Meddling
    caught_by = "test_leaves_the_student_as_it_was"

    @pytest.fixture
    def student(self):
        return Frank()
