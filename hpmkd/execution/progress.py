"""Notifies observers of the progress of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.registry.registry import Registry


class Progress:
    """Counts the steps of one phase after the other.

    Parameters
    ----------
    registry : Registry
        Its observers are notified of every step.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._phase, self._done, self._total = "", 0, 0

    def start(self, phase: str, total: int) -> None:
        """Begin a phase of `total` steps."""
        self._phase, self._done, self._total = phase, 0, total
        self._tell()

    def advance(self, steps: int = 1) -> None:
        """Get on."""
        self._done += steps
        self._total = max(self._total, self._done)
        self._tell()

    def finish(self) -> None:
        """End the phase: steps that a cache saved are done too."""
        self._done = self._total
        self._tell()

    def stop(self) -> None:
        """End the phase where it is: more steps than were done were not called for."""
        self._total = self._done
        self._tell()

    @contextlib.contextmanager
    def phase(self, phase: str) -> Iterator[None]:
        """Be in a phase of one step, however it ends."""
        self.start(phase, 1)
        try:
            yield
        finally:
            self.finish()

    def _tell(self) -> None:
        self._registry.notify(
            "hpmkd_phase_advanced", phase=self._phase, done=self._done, total=self._total
        )
