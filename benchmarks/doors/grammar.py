"""A grammar of raw rows: what a cell may look like, and what it means."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: A spelling that has to be refused, beside any others.
REFUSED = object()


class ColumnGrammar(NamedTuple):
    """The cells of one column.

    Parameters
    ----------
    training : tuple
        What training rows hold, in turns, as a CSV file spells it.
    spellings : dict
        What a row may hold later: the text, and the training text that it means; None for a cell
        that is missing or unknown.
    """

    training: tuple[str, ...]
    spellings: dict[str, Any]


_NOTHING = {"": None, "NA": None, "null": None}
#: Two thirds of the numbers of a column come from here.
NUMBERS = tuple(f"{step / 8:g}" for step in range(-40, 40))

COLUMNS = {
    "code": ColumnGrammar(
        ("01", "02", "A1", "10"),
        {"01": "01", "02": "02", "A1": "A1", "10": "10", "10.0": "10", "1": "01", "Z9": None}
        | {"003": None, "a1": None, "0 1": None}
        | _NOTHING,
    ),
    "NA": ColumnGrammar(  # a name that is read as nothing where cells are
        ("TRUE", "FALSE", "maybe"),
        {"TRUE": "TRUE", "FALSE": "FALSE", "maybe": "maybe", "True": "TRUE", "False": "FALSE"}
        | {"so": None, "no": None}
        | _NOTHING,
    ),
    "amount": ColumnGrammar(
        ("1e5", "1.50", "7", "many"),
        {"1e5": "1e5", "1.50": "1.50", "7": "7", "7.0": "7", "many": "many", "1.5": "1.50"}
        | {"1_000": None, "100000": "1e5"}
        | _NOTHING,
    ),
    "score": ColumnGrammar(
        NUMBERS,
        {"1": "1", "1.0": "1", "01": "1", "1e0": "1", "-2.5": "-2.5", "+.5": "0.5", "?": None}
        | {" 1 ": "1", "1_000": REFUSED, "x": REFUSED, "1,5": REFUSED, "0x1": REFUSED}
        | _NOTHING,
    ),
    "truth": ColumnGrammar(
        ("True", "False"),
        {"True": "True", "TRUE": "True", "true": "True", "false": "False", "1": "True"}
        | {"0": "False", "1.0": "True", "yes": REFUSED, "T": REFUSED}
        | _NOTHING,
    ),
    "when": ColumnGrammar(
        tuple(
            f"{2015 + at % 9}-{1 + at % 12:02}-{1 + at % 28:02} {at % 24:02}:00"
            for at in range(252)
        ),
        {"2020-03-01 12:00": "2020-03-01 12:00", "2020-03-01T12:00": "2020-03-01 12:00"}
        | {"2020-03-01T12:00:00Z": "2020-03-01 12:00", "2020-03-01": "2020-03-01 00:00"}
        | {"2020-03-01T14:00:00+02:00": "2020-03-01 12:00", "2020-13-01": REFUSED}
        | {"01.03.2020": REFUSED, "soon": REFUSED}
        | _NOTHING,
    ),
}


def training_rows(n: int, seed: int) -> list[dict[str, str]]:
    """Return n rows of text, with the label ``y``: it follows from all columns."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        row = {name: str(rng.choice(each.training)) for name, each in COLUMNS.items()}
        row["score"] = str(rng.choice(NUMBERS))
        points = (row["code"] == "01") + (row["NA"] == "TRUE") + (row["amount"] == "1e5")
        points += (row["truth"] == "True") + float(row["score"]) / 5 + (row["when"] > "2019")
        row["y"] = "yes" if points + rng.normal(0, 0.3) > 2 else "no"
        rows.append(row)
    rows[0]["score"] = "?"
    return rows


def draw(rng: np.random.Generator) -> dict[str, str]:
    """Return one row of text; four in five have no cell that has to be refused."""
    row = {}
    odd = rng.random() < 0.2
    for name, each in COLUMNS.items():
        usable = [text for text, means in each.spellings.items() if odd or means is not REFUSED]
        row[name] = str(rng.choice(usable))
    return row


def meaning(row: dict[str, str]) -> dict[str, Any] | None:
    """Return the row as training spells it; None if it has to be refused."""
    means = {name: COLUMNS[name].spellings[text] for name, text in row.items()}
    return None if REFUSED in means.values() else means
