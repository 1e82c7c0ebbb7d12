"""What a text spells: a number, a truth value, nothing, or itself."""

from __future__ import annotations

from collections.abc import Iterable

#: Texts that stand for a missing cell of a CSV file (those of pandas), and of a column of numbers.
MISSING = frozenset(
    (
        *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    )
)
#: In any case.
TRUTHS = {"true": 1.0, "false": 0.0}


def number_of(text: str) -> float:
    """Return the number that a text spells; NaN for one that stands for a missing cell.

    As CSV files have it: ``1_000``, which Python reads, is not a number, and ``TRUE`` is 1.

    Raises
    ------
    ValueError
        It spells none.
    """
    truth = TRUTHS.get(text.lower())
    if truth is not None:
        return truth
    if "_" in text:
        raise ValueError(f"could not convert string to float: {text!r}")
    try:
        return float(text)
    except ValueError:
        if text.strip() in MISSING:
            return float("nan")
        raise


def spells_number(text: str) -> bool:
    """Whether a text is a number and not a code: ``01`` and ``TRUE`` are not."""
    digits = text.strip().lstrip("+-")
    if digits[:1] == "0" and digits[1:2].isdigit():
        return False
    try:
        return (
            text.lower() not in TRUTHS
            and text.strip() not in MISSING
            and number_of(text) is not None
        )
    except ValueError:
        return False


def decimal_point(text: str) -> str:
    """Return a number with a decimal comma as one with a point; other texts as they are."""
    pointed = text.replace(",", ".")
    return pointed if text.count(",") == 1 and spells_number(pointed) else text


def aliases(texts: Iterable[str]) -> dict[str, str]:
    """Return further spellings of some levels, each with the level that it stands for.

    A table keeps the number or the truth value that a level spells, and not the level: ``01`` in
    a file of digits alone is read as 1, ``TRUE`` as True. A spelling that may stand for two levels
    stands for none.
    """
    known, found, ambiguous = set(texts), {}, set()
    for level in known:
        for spelling in _spellings(level):
            if spelling in found:
                ambiguous.add(spelling)
            found[spelling] = level
    dropped = known | ambiguous
    return {spelling: level for spelling, level in found.items() if spelling not in dropped}


def _spellings(level: str) -> list[str]:
    """Return how the value that a level spells is written by Python."""
    if level.lower() in TRUTHS:
        return [level.capitalize()]
    try:
        number = number_of(level)
    except ValueError:
        return []
    if number != number or number in (float("inf"), float("-inf")):
        return []
    whole = number.is_integer()
    return [str(int(number)), str(number)] if whole else [str(number)]
