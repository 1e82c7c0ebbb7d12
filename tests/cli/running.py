"""Runs the command line in a process of its own: through pipes, or on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios

import pandas as pd
from sklearn.datasets import load_wine

LIGHT = [
    "--set=sampler.trials=1",
    "--set=split.folds=4",
    "--set=reference.name=quick",
    '--set=stages=["logistic", "tree"]',
    "--set=augmenter.name=none",
    "--set=memory.name=none",
    "--set=search.alphas.self=[0.0, 0.5]",  # else it is fitted once, for it could teach nothing
]
#: Teachers that warn and print, and one that takes its time.
NOISY = """
import hashlib, os, sys, time, warnings
from sklearn.naive_bayes import GaussianNB

class Noisy(GaussianNB):
    def fit(self, X, y):
        time.sleep(0.2)  # so that no worker does all fits
        warnings.warn("slow to converge: é", UserWarning)
        print("fitted in", os.getpid(), file=sys.stderr)
        print("fitted in", os.getpid())
        return super().fit(X, y)

class Slow(GaussianNB):
    def fit(self, X, y):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 300_000_000)  # hears of no signal
"""


def write_data(folder):
    """Write ``wine.csv`` and ``noisy.py`` into a folder."""
    frame = load_wine(as_frame=True).frame.iloc[:, [0, 1, 2, 3, 13]]
    pd.DataFrame(frame).to_csv(folder / "wine.csv", index=False)
    (folder / "noisy.py").write_text(NOISY, "utf-8")


def command(*more, teacher="sklearn.naive_bayes:GaussianNB", resume=None):
    """Return the command line of a small run."""
    start = [sys.executable, "-m", "hpmkd", "distill", "wine.csv", "--target", "target"]
    place = ["--resume", resume] if resume else ["--out", "run", "--overwrite"]
    return [*start, *place, "--teacher", teacher, *LIGHT, *more]


def piped(folder, *more, **options):
    """Run it, with pipes for stdout and stderr; if it hangs, they tell where."""
    process = subprocess.Popen(
        command(*more, **options),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    )
    try:
        out, err = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def on_terminal(folder, *more, columns=60, on_screen=None, **options):
    """Run it on a terminal; return its exit code and all that was drawn.

    Parameters
    ----------
    on_screen : callable, optional
        Called with the number of the process and what was drawn so far.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        # Not as the system has it: readline puts a size there that Python does not know of.
        environment = {**os.environ, "TERM": "xterm-256color"}
        for size in ("COLUMNS", "LINES"):  # they would go before the terminal's own
            environment.pop(size, None)
        os.execve(sys.executable, command(*more, **options), environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    drawn = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        drawn += read
        if on_screen is not None:
            on_screen(child, drawn.decode("utf-8", "replace"))
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, drawn.decode("utf-8", "replace")


def lines_of(drawn):
    """Return all lines that were drawn, without the codes of the terminal."""
    return [
        line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)) if line
    ]
