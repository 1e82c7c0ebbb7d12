"""Distils wine, predicts, exports and reads the run back: what an installed hpmkd must do at least.

Without pytest and without the checkout on its path, so that it runs wherever hpmkd is installed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

import hpmkd

SHORT = {
    "sampler.trials": 1,
    "split.folds": 2,
    "augmenter.name": "none",
    "reference.name": "quick",
    "stages": ["logistic", "xgboost"],
    "memory": "none",
    "cache": "memory",
}

with tempfile.TemporaryDirectory() as name:
    folder, frame = Path(name), load_wine(as_frame=True).frame
    found = hpmkd.distill(frame, "target", teacher=GaussianNB(), settings=SHORT, workers=1)
    found.save(folder / "run")
    rows = frame.drop(columns="target")
    rows.to_csv(folder / "rows.csv", index=False)
    command = [sys.executable, "-m", "hpmkd"]
    subprocess.run(
        [*command, "predict", "run", "rows.csv", "--out", "answers.csv"], cwd=folder, check=True
    )
    subprocess.run(
        [*command, "export", "run", "--to", "python", "--out", "student.py"], cwd=folder, check=True
    )
    exported = subprocess.run(
        [sys.executable, "student.py", "rows.csv"], cwd=folder, check=True, capture_output=True
    )
    answers = (folder / "answers.csv").read_text("utf-8").splitlines()
    assert len(answers) == len(exported.stdout.splitlines()) == len(rows) + 1
    loaded = hpmkd.load(folder / "run").student.predict_proba(rows)
    assert (loaded == found.student.predict_proba(rows)).all()
    accuracy = float((loaded.argmax(axis=1) == frame["target"]).mean())
    assert accuracy > 0.9, accuracy
    print(f"Python {sys.version.split()[0]}: distilled, predicted, exported", flush=True)  # noqa: T201
