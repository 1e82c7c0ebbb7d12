"""Only results are printed to stdout."""

import contextlib
import io
import subprocess
import sys

from hpmkd.cli.output.text import results_only

PRINTING = """
import os, subprocess, sys
from hpmkd.cli.output.text import results_only

print("before")
with results_only():
    print("by name")
    os.write(1, b"by number\\n")
    subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
print("the result")
"""


def test_by_descriptor():
    done = subprocess.run(
        [sys.executable, "-c", PRINTING], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "before\nthe result\n"
    assert sorted(done.stderr.splitlines()) == ["by a child", "by name", "by number"]


def test_by_name_where_there_is_no_descriptor():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        with results_only():
            print("by name")
        print("the result")
    assert (out.getvalue(), err.getvalue()) == ("the result\n", "by name\n")
