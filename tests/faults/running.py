"""Commands of a run that takes a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from click.testing import CliRunner

from hpmkd.cli import cli
from tests.embedding.runs import LIGHT

#: A run of a second, which uses all stores.
ARGUMENTS = [
    *("distill", "data.csv", "--target", "y", "--teacher", "sklearn.naive_bayes:GaussianNB"),
    *(
        f"--set={name}={json.dumps(value)}"
        for name, value in LIGHT.items()
        if name != "memory.name"
    ),
]


def hpmkd_runs(*arguments):
    """Run a command here; what it raises that is no error of ours, it raises."""
    return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def installed(*arguments, **environment):
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "hpmkd", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
