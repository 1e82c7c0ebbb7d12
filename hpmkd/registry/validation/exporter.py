"""A guard around exporters: they write the file that they were asked for, or fail by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpmkd import contracts
from hpmkd.registry.validation.base import Guard, expect

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor


class ExporterGuard(Guard):
    """Checks that there is a file where one was wanted."""

    contract = contracts.Exporter

    def check(self) -> None:
        """Check the suffix."""
        expect("suffix", self.component.suffix, str, "the ending of a file, such as '.onnx'")
        if not self.component.suffix.startswith(".") or len(self.component.suffix) < 2:
            raise ValueError(
                f"suffix is {self.component.suffix!r}; expected a dot and an ending, as in '.onnx'"
            )

    @property
    def suffix(self) -> str:
        """Ending of the file."""
        return str(self.component.suffix)

    def export(self, student: Predictor, path: Path) -> Path:
        """Write a student."""
        with self.culprit.blamed("failed in export"):
            written = self.component.export(student, path)
            if written != path or not path.is_file():
                raise ValueError(f"export returned {written!r:.120}; expected a file at {path}")
        return path
