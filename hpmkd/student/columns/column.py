"""One raw column: its kind, what it has learned in training, and how its cells are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.calendar import Calendar
from hpmkd.student.columns.cells import Kind, kind_of, read_moments, read_numbers, read_texts
from hpmkd.student.columns.features import Feature, features_of
from hpmkd.student.columns.moments import is_moment
from hpmkd.student.columns.spelling import aliases

#: Codes of the cells of a category column that hold no known level.
MISSING, UNSEEN = -1, -2


@dataclass(frozen=True)
class Column:
    """One raw column.

    Parameters
    ----------
    name : str
        Its name in the table.
    kind : str
        ``"number"``, ``"category"`` or ``"datetime"``.
    categories : tuple of str
        The known levels by falling training frequency, ties by name: the position of a level
        is its code. Empty for other kinds.
    missing : tuple of str
        Texts that stand for a missing cell of a number or datetime column, beside the usual ones.
    calendar : Calendar, optional
        How moments are read; None for other kinds.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"column {self.name!r} has the unknown kind {self.kind!r}")
        if len(set(self.categories)) < len(self.categories):
            raise ValueError(f"column {self.name!r} lists a category twice")
        if self.kind != "category" and self.categories:
            raise ValueError(f"column {self.name!r} is a {self.kind} but lists categories")
        if self.kind == "category" and self.missing:
            raise ValueError(
                f"column {self.name!r} is a category but lists texts for missing cells"
            )
        if self.kind == "datetime" and any(map(is_moment, self.missing)):
            raise ValueError(f"column {self.name!r} lists a moment as a text for missing cells")
        if (self.kind == "datetime") != (self.calendar is not None):
            raise ValueError(f"column {self.name!r}: a calendar is for datetimes, and for all")

    def read(self, cells: Any) -> list[NDArray[np.float64]]:
        """Read raw cells as numbers or as codes, float64; NaN where missing or an unknown category.

        Returns
        -------
        list of ndarray of shape (n,)
            One for each of the features, of which only moments have several.

        Raises
        ------
        DataError
            A cell of a number column is not a number, or one of a datetime column no moment.
        """
        if self.kind == "number":
            return [read_numbers(cells, self.name, self.missing)]
        if self.calendar is not None:
            return self.calendar.read(read_moments(cells, self.name, self.missing))
        codes = self.read_codes(cells)
        return [np.where(codes >= 0, codes, np.nan)]

    def read_codes(self, cells: Any) -> NDArray[np.intp]:
        """Read raw cells of a category as codes, :data:`MISSING` and :data:`UNSEEN` among them."""
        if not len(cells):
            return np.empty(0, dtype=np.intp)
        codes, texts = read_texts(cells)
        known = [self.codes.get(text, UNSEEN) for text in texts]
        return np.array([*known, MISSING])[codes]  # code -1 is the one at the end

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What models read of it."""
        return features_of(self)

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code of each spelling of a level; see :func:`~.spelling.aliases`."""
        codes = {text: code for code, text in enumerate(self.categories)}
        others = aliases(self.categories)
        return codes | {spelling: codes[level] for spelling, level in others.items()}

    @classmethod
    def learn(
        cls, name: str, cells: Any, max_categories: int, missing: tuple[str, ...] = ()
    ) -> Column:
        """Learn a column from its raw training cells, of which there is at least one.

        Parameters
        ----------
        max_categories : int
            Levels that a category keeps; rarer ones are read as missing.
        missing : tuple of str
            Texts that stand for a missing cell of a number or a datetime.
        """
        kind = kind_of(cells)
        if kind == "number":
            return cls(name, kind, missing=missing)
        if kind == "datetime":
            calendar = Calendar.learn(read_moments(cells, name))
            return cls(name, kind, missing=missing, calendar=calendar)
        codes, texts = read_texts(cells)
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        ranked = sorted(
            zip(texts, counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])
        )
        return cls(name, "category", tuple(text for text, _ in ranked[:max_categories]))

    def to_json(self) -> Any:
        """Return its entry in a schema: a name, with levels, a calendar, or texts for missing."""
        missing = {"missing": list(self.missing)} if self.missing else {}
        if self.calendar is not None:
            return [self.name, self.calendar.to_json() | missing]
        if self.kind == "number":
            return {"name": self.name, **missing} if missing else self.name
        return [self.name, list(self.categories)]

    @classmethod
    def from_json(cls, entry: Any) -> Column:
        """Make a column from what :meth:`to_json` returned.

        Raises
        ------
        ValueError
            The entry does not describe a column.
        """
        if isinstance(entry, str):
            return cls(entry, "number")
        if isinstance(entry, dict) and set(entry) == {"name", "missing"}:
            name, missing = entry["name"], entry["missing"]
            texts = isinstance(missing, list) and all(isinstance(text, str) for text in missing)
            if isinstance(name, str) and texts:
                return cls(name, "number", missing=tuple(missing))
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
            name, categories = entry
            if isinstance(categories, list) and all(isinstance(text, str) for text in categories):
                return cls(name, "category", tuple(categories))
            if isinstance(categories, dict):
                plain = dict(categories)
                missing = plain.pop("missing", [])
                if isinstance(missing, list) and all(isinstance(text, str) for text in missing):
                    calendar = Calendar.from_json(plain)
                    return cls(name, "datetime", missing=tuple(missing), calendar=calendar)
        raise ValueError(f"the schema holds the odd column {str(entry)[:60]!r}")
