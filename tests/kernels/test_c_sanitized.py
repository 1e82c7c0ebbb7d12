"""The C headers under the sanitizers of the compilers: no read or write outside, no undefined step.

All memory is exactly as long as the headers ask for.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import hpmkd.kernels
from hpmkd.kernels.backends import numba
from tests.kernels.packed_cases import CASES, rows_of, student_of

HEADERS = Path(hpmkd.kernels.__file__).parent / "c"
SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>

#include "pool.h"

static void *read_all(size_t n, size_t size)
{
    void *const values = malloc(n * size);
    if (values == NULL || fread(values, size, n, stdin) != n)
        exit(1);
    return values;
}

static void answer(const uint32_t *words, const double *row, int pooled)
{
    const size_t n_classes = pooled ? words[1] : hpmkd_n_classes(words);
    const size_t n_singles = pooled ? hpmkd_pool_n_singles(words) : hpmkd_n_singles(words);
    float *const singles = malloc(n_singles * sizeof(float));
    double *const doubles = malloc(HPMKD_N_DOUBLES(n_classes) * sizeof(double));
    double *const out = malloc(n_classes * sizeof(double));
    size_t code;
    if (pooled)
        hpmkd_pool_probabilities_of_row(words, row, out, singles, doubles);
    else
        hpmkd_probabilities_of_row(words, row, out, singles);
    code = pooled ? hpmkd_pool_code_of_row(words, row, singles, doubles)
                  : hpmkd_code_of_row(words, row, singles, doubles);
    fwrite(out, sizeof(double), n_classes, stdout);
    out[0] = (double)code;
    fwrite(out, sizeof(double), 1, stdout);
    free(out);
    free(doubles);
    free(singles);
}

int main(void)
{
    uint32_t sizes[3]; /* words, rows, whether it is a pool */
    while (fread(sizes, sizeof sizes, 1, stdin) == 1) {
        uint32_t *const words = read_all(sizes[0], sizeof *words);
        uint32_t i;
        for (i = 0; i < sizes[1]; i++) {
            double *const row = read_all(words[0], sizeof *row);
            answer(words, row, (int)sizes[2]);
            free(row);
        }
        free(words);
    }
    return 0;
}
"""


@pytest.mark.parametrize("name", ["gcc", "clang"])
def test_no_memory_is_touched_that_is_not_handed_in(name, tmp_path):
    compiler = shutil.which(name)
    if compiler is None:
        pytest.skip(f"there is no {name}: apt-get install {name}")
    source, program = tmp_path / "rows.c", tmp_path / "rows"
    source.write_text(SOURCE)
    flags = ["-std=c99", "-O1", "-g0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command = [compiler, *flags, f"-I{HEADERS}", source, "-o", program, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if "cannot find" in done.stderr or "libclang_rt" in done.stderr:
        pytest.skip(f"{name} has no sanitizers here: apt-get install libclang-rt-dev")
    assert done.returncode == 0, done.stderr
    given, expected = b"", b""
    for case in CASES:
        packed, rows = student_of(case).packed, rows_of(case)[:25]
        words = packed.words.copy()
        given += np.array([len(words), len(rows), packed.pooled], np.uint32).tobytes()
        given += words.tobytes() + rows.tobytes()
        probabilities, code = (
            numba.row_kernel(what, np.float64, words, pooled=packed.pooled)
            for what in ("probabilities", "code")
        )
        for row in rows:
            row, out = row.copy(), np.empty(packed.n_classes)
            probabilities(row, out)
            expected += out.tobytes() + np.array([code(row)], np.float64).tobytes()
    done = subprocess.run([program], input=given, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert done.stdout == expected
