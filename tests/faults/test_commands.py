"""The same through the command line, with the plugin installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.embedding.runs import LIGHT, X, Y
from tests.faults import plugin

ROOT = Path(__file__).parents[2]


@pytest.fixture
def distill(tmp_path):
    """``distill("logistic", "killed", …)``: two workers, and what came of it."""
    site = tmp_path / "site" / "faulty-1.0.dist-info"
    site.mkdir(parents=True)
    site.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    site.joinpath("entry_points.txt").write_text("[hpmkd]\nfaulty = tests.faults.plugin\n")
    tmp_path.joinpath("marks").mkdir()
    pd.DataFrame(X).assign(y=Y).to_csv(tmp_path / "data.csv", index=False)

    def call(*stages, **settings):
        given = {**LIGHT, "stages": list(stages), "search.alphas.self": [0.0], **settings}
        recipe = [f"--set={name}={json.dumps(value)}" for name, value in given.items()]
        paths = [str(site.parent), str(ROOT), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "hpmkd", "distill", "data.csv", "--target", "y"),
                *("--teacher", "sklearn.naive_bayes:GaussianNB", "--out", "run", "--json"),
                *("--workers", "2", *recipe),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                plugin.MARKS: str(tmp_path / "marks"),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return call


def test_what_fails_is_reported_and_what_is_printed_is_no_result(distill, tmp_path):
    done = distill("logistic", "killed", "rude")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    students = {each["name"] for each in result["leaderboard"] if each["role"] == "student"}
    assert students == {"logistic", "rude"}
    assert "a plugin prints" in done.stderr
    assert "a plugin writes" in done.stderr
    assert "stage 'killed': its worker was killed" in done.stderr
    recorded = json.loads((tmp_path / "run" / "trials.json").read_text("utf-8"))
    trials = recorded if isinstance(recorded, list) else recorded["trials"]
    (failed,) = [each for each in trials if each["failure"] is not None]
    assert failed["stage"] == "killed"


def test_every_trial_fails(distill, tmp_path):
    done = distill("raises")
    assert (done.returncode, done.stdout) == (4, "")
    assert "no stage has a student" in done.stderr
    assert "plugin 'faulty': stage 'raises' failed in fit: RecursionError" in done.stderr
    assert "--disable faulty" in done.stderr
