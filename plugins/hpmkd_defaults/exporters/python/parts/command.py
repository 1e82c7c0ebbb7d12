"""The command line of a written file."""

from __future__ import annotations

import csv
import sys
from typing import Any

from hpmkd_defaults.exporters.python.parts.answers import lacking, most_probable, predict_proba
from hpmkd_defaults.exporters.python.parts.cells import short
from hpmkd_defaults.exporters.python.parts.student import CLASSES, COLUMNS, NAMED

# -------------------------------------------------------------------------------- command line


def main() -> None:
    """Answer the rows of a CSV file, or of stdin, on stdout."""
    if len(sys.argv) > 2 or sys.argv[1:] == ["--help"]:
        sys.exit(f"usage: {sys.argv[0]} [FILE]\nReads a CSV file, or stdin, and answers its rows.")
    name: Any = sys.argv[1] if sys.argv[1:] else 0
    lines: Any = csv.reader(())
    try:
        with open(name, encoding="utf-8-sig", newline="", closefd=name != 0) as given:
            lines = csv.reader(given, strict=True)
            answer(lines)
    except UnicodeDecodeError:
        sys.exit("the file is not UTF-8: save it as such")
    except (ValueError, csv.Error) as error:
        sys.exit(f"line {lines.line_num}: {error}")
    except OSError as error:
        sys.exit(f"cannot be read or written: {error}")


def answer(lines: Any) -> None:
    """Answer lines of cells behind a header, none of them shorter or longer than that."""
    filled = filter(None, lines)  # blank lines are not read
    header = [cell or f"Unnamed: {at}" for at, cell in enumerate(next(filled, []))]
    check_header(header)
    with open(1, "w", encoding="utf-8", newline="", closefd=False) as written:
        answers = csv.writer(written, lineterminator="\n")
        answers.writerow(["prediction", *(f"p_{label}" for label in CLASSES)])
        for cells in filled:
            if len(cells) != len(header):
                raise ValueError(f"there are {len(cells)} cells, expected {len(header)} as above")
            found = predict_proba(dict(zip(header, cells)) if NAMED else cells)
            answers.writerow([most_probable(found), *found])


def check_header(header: list[str]) -> None:
    """Refuse a header in which a column is lacking, or appears twice."""
    if not header:
        raise ValueError("the file is empty, expected a header with the names of columns")
    if NAMED and any(name not in header for name in COLUMNS):
        raise lacking(header)
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise ValueError(f"column {short(twice[0])} appears twice: rename or drop one")


if __name__ == "__main__":
    main()
