"""Expressions, and the chain of common table expressions in which they build on each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Sql(NamedTuple):
    """An expression.

    Parameters
    ----------
    text : str
        As it stands in the query.
    uses : frozenset of str
        Names of the defined columns in it.
    """

    text: str
    uses: frozenset[str] = frozenset()


def sql(template: str, *parts: Sql | str) -> Sql:
    """Return an expression in which ``{}`` stand for others."""
    texts = [part.text if isinstance(part, Sql) else part for part in parts]
    return Sql(template.format(*texts), _uses(parts))


def join(separator: str, parts: Sequence[Sql]) -> Sql:
    """Return expressions behind each other."""
    return Sql(separator.join(part.text for part in parts), _uses(parts))


def _uses(parts: Iterable[Sql | str]) -> frozenset[str]:
    return frozenset().union(*(part.uses for part in parts if isinstance(part, Sql)))


#: What a sum adds up in one expression: databases refuse those that are nested a thousand deep.
MAX_TERMS = 100


class Subqueries:
    """Columns that build on each other: each is computed once, a level above what it uses."""

    def __init__(self) -> None:
        self._values: dict[str, Sql] = {}
        self._levels: dict[str, int] = {}
        self._names: dict[str, Sql] = {}

    def define(self, letter: str, value: Sql) -> Sql:
        """Give an expression a name, which begins with a letter; the same one if it has one."""
        if value.text not in self._names:
            name = f"{letter}{len(self._values)}"
            self._values[name] = value
            self._levels[name] = 1 + max((self._levels[used] for used in value.uses), default=-1)
            self._names[value.text] = Sql(name, frozenset([name]))
        return self._names[value.text]

    def add_up(self, letter: str, start: Sql, terms: Sequence[Sql]) -> Sql:
        """Add terms to a start, one by one, so many per level; return the sum, defined."""
        total = self.define(letter, start) if not terms else start
        for first in range(0, len(terms), MAX_TERMS):
            total = self.define(letter, join(" + ", [total, *terms[first : first + MAX_TERMS]]))
        return total

    def chain(self, prefix: str, source: str, fence: str, results: frozenset[str]) -> Chain:
        """Return all that was defined, as a chain.

        Parameters
        ----------
        prefix : str
            Begins the names of the levels.
        source : str
            What the first one reads.
        fence : str
            Ends each, so that no database computes a column again at each use.
        results : frozenset of str
            Names of the columns that the last level must have.
        """
        n_levels = 1 + max(self._levels.values())
        last_use = self._levels | dict.fromkeys(results, n_levels)
        for name, value in self._values.items():
            for used in value.uses:
                last_use[used] = max(last_use[used], self._levels[name])
        texts, width = [], 0
        for level in range(n_levels):
            columns = [
                f"{self._values[name].text} AS {name}" if at == level else name
                for name, at in self._levels.items()
                if at == level or at < level < last_use[name]
            ]
            listed = ",\n         ".join(columns)
            origin = f"{prefix}{level - 1}" if level else source
            texts.append(f"{prefix}{level} AS (\n  SELECT {listed}\n  FROM {origin}{fence})")
            width = max(width, len(columns))
        return Chain(",\n".join(texts), f"{prefix}{n_levels - 1}", width)


class Chain(NamedTuple):
    """Common table expressions, the name of the last, and the columns of the widest."""

    text: str
    last: str
    width: int
