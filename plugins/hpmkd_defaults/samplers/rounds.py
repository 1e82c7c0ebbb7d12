"""A search in rounds: each may depend on what the rounds before it have shown."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpmkd.values import Configuration


class Rounds:
    """Hands out rounds of configurations in batches; no batch holds parts of two rounds.

    The engine tells a whole batch before it asks for the next one. So a round that is made
    when the one before it is used up knows all of its trials, at any size of the batches.

    Parameters
    ----------
    rounds : iterator of iterable of Configuration
        What to ask for. Taken lazily, and so are the configurations of a round: those of a
        round that is an iterator may depend on the trials of earlier batches, too.
    """

    def __init__(self, rounds: Iterator[Iterable[Configuration]]) -> None:
        self._rounds = rounds
        self._current: Iterator[Configuration] = iter(())

    def ask(self, n: int) -> list[Configuration]:
        """Return the next `n` configurations, fewer at the end of a round, none at the last."""
        while not (batch := list(islice(self._current, n))):
            following = next(self._rounds, None)
            if following is None:
                return []
            self._current = iter(following)
        return batch
