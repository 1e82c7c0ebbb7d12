"""The files of the kernel one by one: numbers, texts and moments as in Python, bit for bit."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from hpmkd.errors import DataError
from hpmkd.kernels._packed import scalars
from hpmkd.student import Schema
from hpmkd.student.columns.calendar import NUMBERS, Calendar
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.spelling import MISSING
from hpmkd_defaults.exporters.js.literals import text as literal

KERNEL = Path(str(files("hpmkd_defaults.exporters.js").joinpath("kernel")))


def test_no_two_files_bind_the_same_name():
    bound = [
        name
        for path in KERNEL.glob("*.js")
        for name in re.findall(
            r"^(?:export )?(?:const|let|function|class) (\w+)", path.read_text("utf-8"), re.M
        )
    ]
    assert len(bound) > 40
    assert len(set(bound)) == len(bound)


def test_typescript_finds_nothing_in_the_kernel():
    if shutil.which("tsc") is None:
        pytest.skip("there is no TypeScript; install it: npm install --global typescript")
    options = "--allowJs --checkJs --noEmit --strict --target es2022 --moduleResolution bundler"
    command = ["tsc", *options.split(), "--module", "es2022", *map(str, KERNEL.glob("*.js"))]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["exp", "log"])
def test_functions_of_a_number_have_the_bits_of_the_kernels(run_js, name):
    rng = np.random.default_rng(0)
    if name == "exp":
        extreme = [0.0, -0.0, -709.1, -800.0, 709.5, 710.0, 900.0, -1e300, 1e300, 1e-300]
        given = np.concatenate([extreme, rng.normal(0, 30, 5000), rng.uniform(-720, 720, 5000)])
    else:
        extreme = [1.0, 2.0, 0.5, 1e-15, 2.2250738585072014e-308, 1.7e308, np.sqrt(2), 1 - 2**-53]
        given = np.concatenate([extreme, rng.random(5000), 10 ** rng.uniform(-307, 308, 5000)])
    function = njit(getattr(scalars, f"v{name}").py_func)
    script = f"""
    import {{ {name} }} from "./scalars.js";
    found = given.map((x) => {name}(x)).map((x) => (Number.isFinite(x) ? x : "inf"));"""
    found = np.array([float(each) for each in run_js(script, given.tolist())])
    expected = np.array([function(x) for x in given])
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("count", [2, 4, 6, 100])
def test_words_are_decoded(run_js, count):
    words = np.random.default_rng(count).integers(0, 2**32, count, dtype=np.uint32)
    script = """
    import { decode } from "./words.js";
    found = Array.from(decode(given).words);"""
    assert run_js(script, base64.b64encode(words.tobytes()).decode()) == words.tolist()


def read_js(run_js, column, cells):
    """Read JavaScript expressions as cells of a column; None where a cell is refused."""
    reader = {"number": "numberReader", "category": "categoryReader", "datetime": "momentReader"}
    from_file = {
        "number": "./numbers.js",
        "category": "./categories.js",
        "datetime": "./moments.js",
    }
    codes = [[text, code] for text, code in column.codes.items()]
    script = f"""
    import {{ {reader[column.kind]} as readerOf }} from "{from_file[column.kind]}";
    const reader = readerOf(given.column, 0);
    const cells = [{", ".join(f"() => ({cell})" for cell in cells)}];
    found = cells.map((cell) => {{
      const row = new Float64Array(reader.width);
      try {{ reader.read(cell(), row); }} catch (error) {{ return error.message; }}
      return Array.from(row, (x) => Object.is(x, -0) ? "-0" : String(x));
    }});"""
    entry = {"name": column.name, "kind": column.kind, "categories": list(column.categories)}
    entry |= {"aliases": codes, "missing": list(column.missing)}
    entry |= {"calendar": None if column.calendar is None else column.calendar.to_json()}
    found = run_js(script, {"column": entry})
    numbers = [None if isinstance(each, str) else list(map(float, each)) for each in found]
    messages = [each for each in found if isinstance(each, str)]
    assert all("expected" in message for message in messages)
    return numbers


def read_python(column, cells):
    """The same in Python, None where a cell is refused."""
    schema, found = Schema((column,), named=True), []
    for cell in cells:
        try:
            values = schema.read([{column.name: cell}])
        except DataError:
            found.append(None)
        else:
            found.append([float(each[0]) for each in values])
    return found


TEXTS = [
    *("1", " 1.5 ", "+.5", "5.", ".", "-1e5", "1E+3", "1e", "1_000", "0x10", "0b1", "1,5", "--1"),
    *("inf", "-Infinity", "+INF", "infinit", "NaN", " nan ", "+nan", "-NAN", "nanx", "1e400"),
    *("true", "FALSE", " true", "True ", "", " ", "\u00a0", "\u2003NA\t", "\x1c1\x1f", "\x851"),
    *("\ufeff1", "1 2", "١", "ﬁ", "012", "1e-400", "-0", "Infinity", "\u200b1", "None", "none"),
    *("-", "?", "-1.#IND", "0.1", "123456789012345678901234567890", "\x00"), *sorted(MISSING),
]  # fmt: skip


def test_texts_of_a_number_column_are_read_as_in_python(run_js):
    column = Column("it's", "number", missing=("-", "?", "0.1"))
    found = read_js(run_js, column, map(literal, TEXTS))
    expected = read_python(column, TEXTS)
    expected[TEXTS.index("١")] = None  # digits of other scripts are refused, not misread
    for text, own, python in zip(TEXTS, found, expected, strict=True):
        np.testing.assert_equal(own, python, text)


CELLS = {
    "null": None, "undefined": None, "NaN": np.nan, "true": True, "false": False, "2": 2, "2.0": 2,
    "-0": -0.0, "Infinity": np.inf, "-Infinity": -np.inf, "10n": 10, "9007199254740993n": 2**53 + 1,
    "1e21": 1e21, "1e22": 1e22, "1.5e300": 1.5e300, "0.1": 0.1, "1e-5": 1e-5, "1.25e-7": 1.25e-7,
    "1e-10": 1e-10, "0.0001": 0.0001, "-0.00012345": -0.00012345, "123456.789": 123456.789,
    "1/3": 1 / 3, "5e-324": 5e-324,
    "new Date(1709296200500)": np.datetime64("2024-03-01T12:30:00.500"),
    "new Date(1709296200000)": np.datetime64("2024-03-01T12:30:00"),
    "new Date(-1)": np.datetime64("1969-12-31T23:59:59.999"),
}  # fmt: skip
REFUSED = ("({})", "[]", "() => 1", "Symbol()", "new Date(NaN)", "new String('a')", "new Map()")


def test_other_cells_of_a_number_column(run_js):
    column = Column("x", "number")
    found = read_js(run_js, column, [*CELLS, *REFUSED])
    expected = read_python(column, CELLS.values())
    np.testing.assert_equal(found, [*expected, *[None] * len(REFUSED)])


def test_other_cells_of_a_category_column(run_js):
    def as_read(cells):
        return [Column.learn("x", np.array([cell, "another"], dtype=object), 9) for cell in cells]

    present = {name: cell for name, cell in CELLS.items() if cell is not None and cell == cell}
    levels = {
        level: None
        for column in as_read(present.values())
        for level in column.categories
        if level != "another"
    }
    column = Column("x", "category", (*levels, "01", "TRUE", "7.50", "a"))
    found = read_js(run_js, column, [*CELLS, '"01"', "7.5", '"7.5"', '"True"', '"b"', *REFUSED])
    expected = read_python(column, [*CELLS.values(), "01", 7.5, "7.5", "True", "b"])
    assert sum(each == each for (each,) in expected) > 20
    np.testing.assert_equal(found, [*expected, *[None] * len(REFUSED)])


def moments():
    yield from ("2024-03-01", "2024-02-29", "2023-02-29", "0001-01-01", "9999-12-31", "0000-01-01")
    yield from ("2024-13-01", "2024-00-01", "2024-04-31", "2024-3-1", "20240301", "2024-W09-5", "")
    yield from ("NA", " null ", "n/a?", "01.03.2024", "2024-03-01T", "2024-03-01 ", "2024-03-01Z")
    clocks = ("12", "1230", "123000", "12:30", "12:30:15", "12:30:15.5", "12:30:15,25", "12:30,5")
    clocks += ("12.5", "12:30:15.123456789", "00:00:00.000001", "23:59:59.999999")
    offsets = ("", "Z", "z", "+02", "-0230", "+02:30", "+02:30:15", "+23:59", "+24:00", "-00:00")
    offsets += ("+02:30:15.5", "+", "+2", "−02:00", "Z ", "+02:61", "-23:59:59.999999")
    for clock in clocks:
        yield from (f"2024-03-01T{clock}{offset}" for offset in offsets)
    odd = ("24:00", "12:60", "12:30:60", "12:3", "123", "12:3000", "1230:00", "12:30:15.", "99")
    yield from (f"2024-03-01T{clock}" for clock in odd)
    yield from (f"2024-03-01{gap}12:30" for gap in (" ", "  ", "t", "_", "T "))
    yield from ("0001-01-01T00:00+01:00", "9999-12-31T23:59:59-01:00", "1969-12-31T23:59:59.5")


@pytest.mark.parametrize("whole_days", [True, False])
def test_texts_of_moments_are_read_as_in_python(run_js, whole_days):
    calendar = Calendar(86_400 * 19_000, whole_days, ("year", "month", "weekday", "hour"))
    column = Column("when", "datetime", missing=("n/a?",), calendar=calendar)
    texts = list(moments())
    found = dict(zip(texts, read_js(run_js, column, map(literal, texts)), strict=True))
    expected = dict(zip(texts, read_python(column, texts), strict=True))
    assert sum(each is not None for each in expected.values()) > 100
    np.testing.assert_equal(found, expected)


def test_a_space_may_stand_before_an_offset(run_js):
    # As some databases write it; Python reads it in some forms only.
    column = Column("when", "datetime", calendar=Calendar(0))
    texts = ["2024-03-01 12:30:15.5+02:00", "2024-03-01 12:30:15.5 +02:00"]
    found = read_js(run_js, column, map(literal, texts))
    assert found == [*read_python(column, texts[:1])] * 2


def test_dates_are_moments_in_utc(run_js):
    rng = np.random.default_rng(0)
    every_hour = np.arange(0, 366 * 24, 5) * 3_600_000 + 1_700_000_000_123
    ms = [*rng.integers(-62_135_596_800_000, 253_402_300_799_999, 500), *every_hour, -1, 0]
    for parts in ((), ("year",), ("month", "hour"), ("year", "month", "weekday", "hour")):
        column = Column("when", "datetime", calendar=Calendar(86_400 * 7, False, parts))
        found = read_js(run_js, column, [f"new Date({each})" for each in ms])
        expected = column.read(np.array(ms, dtype="datetime64[ms]"))
        assert len(expected) == len([each for each in NUMBERS if each[0] in ("moment", *parts)])
        np.testing.assert_array_equal(np.array(found).T, expected)


def test_what_holds_no_moment_is_refused(run_js):
    column = Column("when", "datetime", calendar=Calendar(0))
    refused = ["1709296200", "true", "new Date(NaN)", "10n", "({})"]
    refused += ["new Date(-62135596800001)", "new Date(253402300800000)"]
    assert read_js(run_js, column, refused) == [None] * len(refused)
    np.testing.assert_equal(read_js(run_js, column, ["null", "undefined", "NaN"]), [[np.nan]] * 3)
