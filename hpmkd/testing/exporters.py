"""What an exporter must do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hpmkd.contracts import Exporter
from hpmkd.errors import ExportError, UnsupportedStudentError
from hpmkd.testing.datasets import PROBLEMS
from hpmkd.testing.students import EVERY_KIND, known_student, odd_student

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray

#: Family, problem and columns: numbers alone, or numbers, words, truth values and holes.
STUDENTS = [
    *((family, problem, "mixed") for family in EVERY_KIND for problem in PROBLEMS),
    ("boosted", "wine", "numbers"),
]


class Damaged:
    """A student that breaks as soon as it is looked at."""

    @property
    def classes_(self) -> NDArray[Any]:
        """Fail."""
        raise OSError("this student is damaged")

    def predict_proba(self, table: Any) -> FloatArray:
        """Fail."""
        raise OSError("this student is damaged")

    def to_bytes(self) -> bytes:
        """Fail."""
        raise OSError("this student is damaged")


class ExporterSuite:
    """Inherit and supply ``exporter``, and ``student`` if it writes some families only."""

    @pytest.fixture
    def exporter(self) -> Exporter:
        """Return the exporter under test."""
        raise NotImplementedError("supply a fixture `exporter` that returns your exporter")

    @pytest.fixture(params=STUDENTS, ids=" ".join)
    def student(self, request: pytest.FixtureRequest) -> Predictor:
        """Return a student to export: of every family, of 2 and 3 classes, on mixed columns."""
        family, problem, columns = request.param
        student: Predictor = known_student(family, problem, columns == "mixed")
        return student

    def test_fulfils_the_protocol(self, exporter: Exporter) -> None:
        """It has the method of an exporter, and a suffix with a dot."""
        assert isinstance(exporter, Exporter)
        assert exporter.suffix.startswith(".")
        assert len(exporter.suffix) > 1

    def test_writes_the_file_and_returns_it(
        self, exporter: Exporter, student: Predictor, tmp_path: Path
    ) -> None:
        """The file is where it was wanted, holds something, and is the only one."""
        path = tmp_path / f"student{exporter.suffix}"
        assert exporter.export(student, path) == path
        assert path.stat().st_size > 0
        assert list(tmp_path.iterdir()) == [path]

    def test_attention_of_a_pool_is_written_or_refused(
        self, exporter: Exporter, tmp_path: Path
    ) -> None:
        """An ensemble that weighs its members row by row is refused where it cannot be written."""
        path = tmp_path / f"student{exporter.suffix}"
        try:
            exporter.export(known_student("attended", "wine", True), path)
        except UnsupportedStudentError:
            assert not path.exists()
        else:
            assert path.stat().st_size > 0

    def test_replaces_a_file(self, exporter: Exporter, student: Predictor, tmp_path: Path) -> None:
        """The older file is replaced; permission to do so is checked elsewhere."""
        path = tmp_path / f"student{exporter.suffix}"
        path.write_bytes(b"older, and longer than any student " * 40_000)
        exporter.export(student, path)
        assert not path.read_bytes().startswith(b"older")
        assert path.stat().st_size < 1_000_000
        assert list(tmp_path.iterdir()) == [path]

    def test_writes_the_same_twice(
        self, exporter: Exporter, student: Predictor, tmp_path: Path
    ) -> None:
        """A student gives the same file, byte for byte."""
        first, second = (tmp_path / f"{name}{exporter.suffix}" for name in ("first", "second"))
        exporter.export(student, first)
        exporter.export(student, second)
        assert first.read_bytes() == second.read_bytes()

    def test_leaves_the_student_as_it_was(
        self, exporter: Exporter, student: Predictor, tmp_path: Path
    ) -> None:
        """Exporting is reading."""
        before = student.to_bytes()
        exporter.export(student, tmp_path / f"student{exporter.suffix}")
        assert student.to_bytes() == before

    def test_leaves_nothing_behind_if_the_student_is_damaged(
        self, exporter: Exporter, tmp_path: Path
    ) -> None:
        """A failure is an exception, and no half-written file."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is up to the format
            exporter.export(Damaged(), tmp_path / f"student{exporter.suffix}")
        assert list(tmp_path.iterdir()) == []

    def test_leaves_nothing_behind_if_the_folder_is_missing(
        self, exporter: Exporter, student: Predictor, tmp_path: Path
    ) -> None:
        """It makes no folders; where there is none, it fails."""
        with pytest.raises(Exception):  # noqa: B017, PT011
            exporter.export(student, tmp_path / "nowhere" / f"student{exporter.suffix}")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("family", EVERY_KIND)
    def test_writes_odd_names_or_says_why_not(
        self, exporter: Exporter, family: str, tmp_path: Path
    ) -> None:
        """Names, categories and labels may be keywords, hold quotes, or be 10,000 letters long."""
        path, reason = tmp_path / f"student{exporter.suffix}", ""
        try:
            exporter.export(odd_student(family), path)
        except ExportError as error:
            reason = str(error)
        assert path.exists() == (not reason)
        assert len(reason) < 1_000, "an error is for people to read"
