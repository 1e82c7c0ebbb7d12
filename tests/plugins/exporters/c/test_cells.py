"""The program of the file reads numbers and dates as a student reads text."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hpmkd.student.columns.moments import NO_MOMENT, moment_of
from hpmkd.student.columns.spelling import number_of
from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.c.file import to_c
from tests.plugins.exporters.c.compiling import PROGRAM, answers, compiled

DRIVER = """
#define main unused
#include "student.c"
#undef main
int main(int n, char **arguments)
{
    double value;
    (void)unused, (void)n;
    input = stdin;
    while (read_cell() != END_OF_FILE) {
        const int known = *arguments[1] == 'd' ? read_date(&value) : read_number(&value);
        if (known)
            printf("%.17g\\n", value);
        else
            puts("none");
        line++;
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A program that reads cells, a line each, as numbers or as dates."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "student.c").write_text(to_c(fitted_student("tree", *dated()), "student"))
    flags = (PROGRAM, f"-I{folder}", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    return compiled(DRIVER, folder, *flags, name="driver")


def read(reader, kind, texts):
    lines = (
        answers(reader, "".join(f'"{text}"\n' for text in texts).encode(), kind).decode().split()
    )
    return [None if line == "none" else float(line) for line in lines]


def same(found, expected):
    return found == expected or (
        None not in (found, expected) and found != found and expected != expected
    )


def test_numbers_are_read_as_python_reads_them(reader):
    rng = np.random.default_rng(0)
    texts = [
        *("1", "-1.5e3", "+.5", "5.", "1e", "1e+", "0x10", "1_0", "inf", "-Infinity", "INF"),
        *("nan", "-nan", "+NaN", "NA", "true", "TRUE", "False", "1e999", "-1e999", "1e-400"),
        *("--1", "infinit", "n/a", "<NA>", "1.#IND", "e5", ".", "+", "-", "1_2", "nan(1)"),
        *("00012", "None", " 1 ", "\t2 ", " NA ", " true", "1 2", "#N/A N/A"),
    ]
    texts += [
        "".join(rng.choice(list("0123456789.eE+- infaNx"), rng.integers(1, 7))) for _ in range(3000)
    ]
    texts += [repr(float(x)) for x in rng.normal(size=500) * 10.0 ** rng.integers(-300, 300, 500)]

    def known(text):
        try:
            return number_of(text)
        except ValueError:
            return None

    for text, found in zip(texts, read(reader, "numbers", texts), strict=True):
        assert same(found, known(text)), text


def known_moment(text):
    try:
        moment = moment_of(text)
    except NO_MOMENT:
        return None
    if moment is None:
        return math.nan
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    whole = since.days * 86_400 + since.seconds
    rounded = whole + since.microseconds / 10**6
    return rounded if rounded < whole + 1 else rounded - 1 / 32768  # of the same second


def test_dates_are_read_as_python_reads_them(reader):
    rng = np.random.default_rng(0)
    texts = [
        *("2024-02-29", "2023-02-29", "0001-01-01", "0000-01-01", "9999-12-31T23:59:59.999999"),
        *("0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "2024-13-01", "2024-04-31", " NA "),
        *("2024-03-01T", "2024-03-01T24:00", "2024-03-01T12:60", "2024-03-01t12:00", "20240301"),
        *("2024-03-01T12:30:45.1234567", "2024-03-01 12", "2024-03-01T1230Z", "2024-03-01T12:30z"),
        *("2024-03-01T12:30+0200", "2024-03-01T12:30+02", "2024-03-01T12:30+24:00", "2024-3-1"),
        *("2024-03-01T12:30+23:59:59", "2024-03-01  12:30", "2024-03-01T12:3045", "2024-W01-1"),
        *("2024-03-01T12:30 Z", "2024-03-01 12:30:45 +0200", "2024-03-01 12:30  Z", "2024-03-01 Z"),
        *("9998-05-31T23:59:59.999999", "2024-03-01T12:30 ", "2024-03-01T12:30 T"),
        *("", "NaN", " 2024-03-01", "2024-03-01 ", "2024-03-01T12:30:45,5", "-024-03-01", "2024"),
    ]
    for _ in range(2_000):
        seconds = int(rng.integers(0, 3_652_059 * 86_400))
        moment = datetime(1, 1, 1) + timedelta(0, seconds, int(rng.integers(10**6)))
        precision = rng.choice(["hours", "minutes", "seconds", "milliseconds", "microseconds"])
        text = moment.isoformat(str(rng.choice(["T", " "])), str(precision))
        texts.append(text + str(rng.choice(["", "Z", "+02:00", "-05:30", "+0545", "-11"])))
    for text, found in zip(texts, read(reader, "dates", texts), strict=True):
        assert same(found, known_moment(text)), text
