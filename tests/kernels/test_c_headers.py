"""The C headers answer for a row with the bits of the numba kernels, under any compiler."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import hpmkd.kernels
from hpmkd.kernels.backends import numba
from hpmkd.kernels.packed import WORDS_FORMAT
from tests.kernels.packed_cases import CASES, rows_of, student_of

HEADERS = Path(hpmkd.kernels.__file__).parent / "c"
#: In the order in which a file may hold them all.
IN_ORDER = (
    *("words", "scalars", "cells", "linear", "trees", "vectors", "sorted", "network", "links"),
    *("student", "attending", "fusing", "pool"),
)
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
INCLUDE = f"-I{HEADERS}"
SOURCE = """
size_t singles(const uint32_t *words, int pooled)
{
    return pooled ? hpmkd_pool_n_singles(words) : hpmkd_n_singles(words);
}
void margins(const uint32_t *words, const double *row, double *out, float *singles)
{
    hpmkd_margins_of_row(words, row, out, singles);
}
void probabilities(
    const uint32_t *words, const double *row, double *out, float *singles, double *doubles,
    int pooled)
{
    if (pooled)
        hpmkd_pool_probabilities_of_row(words, row, out, singles, doubles);
    else
        hpmkd_probabilities_of_row(words, row, out, singles);
}
size_t code(
    const uint32_t *words, const double *row, float *singles, double *doubles, int pooled)
{
    return pooled ? hpmkd_pool_code_of_row(words, row, singles, doubles)
                  : hpmkd_code_of_row(words, row, singles, doubles);
}
"""


def compiler(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: apt-get install {name}")
    return found


def pasted():
    """Return all headers as one file that includes none of them."""
    texts = [(HEADERS / f"{name}.h").read_text() for name in IN_ORDER]
    return re.sub(r'#include "\w+\.h"\n', "", "\n".join(texts))


@pytest.fixture(
    scope="module",
    params=["gcc -O0", "gcc -std=gnu99 -O3 -march=native", "clang -O2 -march=native"],
)
def library(request, tmp_path_factory):
    """The headers as a library: included, or pasted together, where words are of any machine."""
    name, *options = request.param.split()
    folder = tmp_path_factory.mktemp(name)
    top = pasted() if "-O0" in options else '#include "pool.h"\n'
    source, target = folder / "rows.c", folder / "rows.so"
    source.write_text(top + SOURCE)
    command = [compiler(name), *STRICT, INCLUDE, *options, "-fPIC", "-shared", source]
    done = subprocess.run([*command, "-o", target, "-lm"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return ctypes.CDLL(str(target))


def address(array):
    return ctypes.c_void_p(array.ctypes.data)


def room(library, words, n_classes, pooled):
    """Return as much memory as a row needs, and not more."""
    singles = np.full(library.singles(address(words), pooled), np.nan, np.float32)
    return singles, np.full(3 * n_classes + 2, np.nan)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_is_answered_with_the_bits_of_numba(library, case):
    packed, matrix = student_of(case).packed, rows_of(case)
    words, pooled = packed.words.copy(), packed.pooled
    known = {
        what: numba.row_kernel(what, np.float64, words, pooled=pooled)
        for what in ("code", "probabilities", *(() if pooled else ("margins",)))
    }
    singles, doubles = room(library, words, packed.n_classes, pooled)
    work = (address(singles), address(doubles), int(pooled))
    for row in matrix:
        out, expected = np.full((2, packed.n_classes), 7.0)
        library.probabilities(address(words), address(row), address(out), *work)
        assert known["probabilities"](row, expected) == 0
        assert out.tobytes() == expected.tobytes()
        assert library.code(address(words), address(row), *work) == known["code"](row)
        if not pooled:
            out, expected = np.full((2, packed.n_margins), 7.0)
            library.margins(address(words), address(row), address(out), work[0])
            assert known["margins"](row, expected) == 0
            assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["gcc", "clang"])
@pytest.mark.parametrize("header", IN_ORDER)
def test_each_header_stands_alone_without_a_warning(name, header, tmp_path):
    source = tmp_path / "alone.c"
    source.write_text(f'#include "{header}.h"\nint hpmkd_nothing;\n')
    command = [compiler(name), *STRICT, INCLUDE, "-fsyntax-only", source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_header_is_known():
    assert {path.stem for path in HEADERS.glob("*.h")} == set(IN_ORDER)


def test_the_format_of_the_words_has_one_number():
    (number,) = re.findall(r"#define HPMKD_WORDS_FORMAT (\d+)", (HEADERS / "words.h").read_text())
    assert int(number) == WORDS_FORMAT


def test_no_header_takes_memory_or_mathematics():
    called = set(re.findall(r"\b([a-z]\w*)\(", pasted())) - {"if", "for", "while", "switch"}
    ours = {name for name in called if name.startswith("hpmkd_")}
    assert called - ours <= {"memcpy", "sqrtf", "defined", "fp_contract", "optimize"}


@pytest.mark.parametrize("name", ["gcc", "clang"])
def test_the_extension_is_compiled_without_a_warning(name):
    folder = HEADERS.parents[2] / "plugins" / "hpmkd-runtime" / "kernel"
    python = ["-isystem", sysconfig.get_path("include"), "-DPy_LIMITED_API=0x030B0000"]
    # Modules hand Python their functions as plain pointers, which ISO C does not know.
    flags = [*(each for each in STRICT if each != "-Wpedantic"), INCLUDE, f"-I{folder}", *python]
    sources = sorted(folder.glob("*.c"))
    assert len(sources) > 5
    done = subprocess.run(
        [compiler(name), *flags, "-fsyntax-only", *sources], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
