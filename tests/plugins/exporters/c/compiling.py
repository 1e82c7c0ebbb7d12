"""Compiles what the exporter wrote."""

from __future__ import annotations

import shutil
import subprocess

import pytest

STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
PROGRAM = "-DSTUDENT_MAIN"


def tool(name, packages=""):
    """Return the path of a tool, or skip the test."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: apt-get install {packages or name}")
    return found


def compiled(content, folder, *flags, compiler="gcc", standard="c99", name="student"):
    """Compile a file without a warning, and return what came out."""
    source, target = folder / f"{name}.c", folder / name
    source.write_text(content, "utf-8")
    libraries = [] if "-c" in flags else ["-lm"]
    command = [tool(compiler), f"-std={standard}", *STRICT, *flags, source, "-o", target]
    done = subprocess.run([*command, *libraries], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return target


def answers(program, given=b"", *arguments):
    """Run a program and return what it prints; it may not complain."""
    done = subprocess.run([program, *arguments], input=given, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout
