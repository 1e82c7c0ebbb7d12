"""The command line of a written file."""

from __future__ import annotations

import csv
import sys

from hpmkd_defaults.exporters.python.parts.answers import most_probable, predict_proba
from hpmkd_defaults.exporters.python.parts.student import CLASSES

# -------------------------------------------------------------------------------- command line


def main() -> None:
    """Answer the rows of a CSV file on stdin, on stdout."""
    given = open(0, encoding="utf-8-sig", newline="", closefd=False)
    written = open(1, "w", encoding="utf-8", newline="", closefd=False)
    with given, written:
        rows, answers = csv.DictReader(given), csv.writer(written, lineterminator="\n")
        answers.writerow(["prediction", *(f"p_{label}" for label in CLASSES)])
        for row in rows:
            try:
                found = predict_proba(row)
            except ValueError as error:
                sys.exit(f"line {rows.line_num}: {error}")
            answers.writerow([most_probable(found), *found])


if __name__ == "__main__":
    main()
