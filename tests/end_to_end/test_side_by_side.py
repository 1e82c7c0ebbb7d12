"""The benchmark beside DeepBridge: one script, its failures as they are, what depends on what."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.deepbridge import probe
from benchmarks.deepbridge.arms import LIBRARIES_BY_NAME, OURS, script_of
from benchmarks.deepbridge.compare import compared, depends
from benchmarks.deepbridge.data import Rows

BROKEN = """
import pandas
class Distiller:
    counts = None
def distil(frame, method):
    assert list(frame.columns) == ["x0", "label", "prob_0", "prob_1"]
    return Distiller(), pandas.DataFrame({"model_type": [method], "test_accuracy": [0.75]})
def best(distiller):
    raise KeyError("no such model\\nmore of it")
def half_soft(distiller):
    return None
def save(distiller):
    raise ValueError("cannot be saved")
"""


FITTING = """
import pandas
from pathlib import Path
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression
class Distiller:
    pass
def distil(frame, method):
    X, y = frame[["x0"]], frame["label"]
    GaussianProcessRegressor().fit(X, y)
    LogisticRegression().fit(X, y)
    LogisticRegression().fit(X, y)
    distiller = Distiller()
    distiller.model = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    return distiller, pandas.DataFrame({"model_type": [method], "test_accuracy": [0.75]})
def best(distiller):
    return distiller.model
def half_soft(distiller):
    return distiller.model
def save(distiller):
    Path("model.txt").write_text("one")
    return "model.txt"
"""


def probed(script: str, folder: Path) -> dict:
    """Run a script in a process of its own, and return its facts."""
    (folder / "script.py").write_text(script)
    rows = pd.DataFrame({"x0": [0.0, 1.0], "label": [0, 1], "prob_0": [1.0, 0.0], "prob_1": 0.5})
    rows.to_csv(folder / "given.csv", index=False)
    rows[["x0"]].to_csv(folder / "fresh.csv", index=False)
    subprocess.run([sys.executable, probe.__file__, str(folder), "hpm"], check=True)
    return json.loads((folder / "facts.json").read_text())


def test_what_fails_is_an_error_of_its_step(tmp_path):
    facts = probed(BROKEN, tmp_path)
    assert facts["errors"] == {
        "best_model": "KeyError: 'no such model\\nmore of it'",
        "save_best_model": "ValueError: cannot be saved",
    }
    assert facts["rows"][0]["cell"] == ["hpm"]
    assert facts["best_reported"] == 0.75
    assert not (tmp_path / "fresh.npy").exists()


def test_results_that_are_errors_alone_are_shown_as_such(tmp_path):
    script = BROKEN.replace('"test_accuracy": [0.75]', '"error": ["of another length"]')
    facts = probed(script, tmp_path)
    assert facts["row_errors"] == ["of another length"]
    assert facts["best_reported"] is None
    assert facts["columns"] == ["model_type", "error"]


def test_a_library_that_cannot_be_imported_is_an_error_alone(tmp_path):
    facts = probed("import not_there", tmp_path)
    assert facts["errors"] == {"import": "ModuleNotFoundError: No module named 'not_there'"}
    assert "rows" not in facts


def test_scripts_differ_by_their_imports_alone():
    scripts = {name: script_of(library) for name, library in LIBRARIES_BY_NAME.items()}
    assert len(set(scripts.values())) == len(scripts)
    stripped = {
        scripts[name].replace(each.imports, OURS) for name, each in LIBRARIES_BY_NAME.items()
    }
    assert stripped == {scripts["hpmkd"]}


def test_outermost_fits_are_counted_without_those_of_a_search(tmp_path):
    facts = probed(FITTING, tmp_path)
    assert facts["fits"] == {"GradientBoostingClassifier": 1, "LogisticRegression": 2}
    assert facts["errors"] == {}
    assert facts["saved"] == {"name": "model.txt", "bytes": 3}
    assert facts["type"] == "sklearn.GradientBoostingClassifier"
    answers = [np.load(tmp_path / name) for name in ("fresh.npy", "half_soft.npy")]
    assert answers[0].shape == (2, 2)
    np.testing.assert_array_equal(*answers)


def facts_of(answers, quality):
    rows = [{"cell": [name], "quality": values} for name, values in quality.items()]
    return {"predicted": np.array(answers), "rows": rows, "errors": {}, "seconds": {}}


def test_a_student_depends_on_its_teacher_where_its_answers_or_its_metrics_move():
    plain = facts_of([[0.2, 0.8]], {"a": [0.5, None], "b": [0.5, 1.0], "c": [1.0, 1.0]})
    other = facts_of([[0.3, 0.7]], {"a": [0.5, None], "b": [0.6, 1.0], "d": [1.0, 1.0]})
    assert depends(plain, other) == {
        "student": pytest.approx(0.1),
        "half_soft": None,
        "changed": 1,
        "compared": 2,
    }
    assert depends(plain, plain) == {"student": 0.0, "half_soft": None, "changed": 0, "compared": 3}
    assert depends(plain, {}) is None


@pytest.mark.parametrize("answers", [[0.2, 0.8], [[0.5, 0.6]], [[1.5, -0.5]], [[np.nan, 1.0]]])
def test_answers_that_are_no_shares_are_a_failure(answers):
    rows = Rows(pd.DataFrame(), pd.DataFrame(), np.array([1]), np.array([[0.4, 0.6]]))
    found = compared(rows, facts_of(answers, {}), {})
    assert found["quality"] is None
    assert found["errors"]["predict_proba"].startswith("gave ")


def test_the_quality_of_answers_is_that_of_the_fresh_rows():
    rows = Rows(pd.DataFrame(), pd.DataFrame(), np.array([1, 0]), np.array([[0.5, 0.5]] * 2))
    found = compared(rows, facts_of([[0.5, 0.5], [0.75, 0.25]], {}), {})["quality"]
    assert found["accuracy"] == 0.5
    assert found["log_loss"] == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
    expected = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    assert found["kl"] == pytest.approx(expected / 2)
