"""A distribution of its own can do all that the defaults can: plugins/hpmkd-lightgbm, installed."""

from __future__ import annotations

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

LIGHTGBM = ["hpmkd-lightgbm"]
#: Python in which LightGBM cannot be imported, nor the plugin.
WITHOUT = "import sys; sys.modules['lightgbm'] = sys.modules['hpmkd_lightgbm'] = None\n"


def test_it_is_listed_and_loads_nothing_heavy(listed, run):
    plugins, clashes = listed(LIGHTGBM)
    assert clashes == []
    assert plugins["lightgbm"]["source"] == "hpmkd-lightgbm 0.1.0"
    assert [offer["name"] for offer in plugins["lightgbm"]["offers"]["stage"]] == ["lightgbm"]
    script = "import sys; from hpmkd import Registry; Registry.installed().require_sound(); "
    assert run(LIGHTGBM, "-c", script + "print('lightgbm' in sys.modules)").out == "False\n"


def test_from_data_to_files_that_need_no_lightgbm(distill, run, tmp_path):
    done = distill(LIGHTGBM, "--student", "lightgbm", "--workers", "2")
    assert done.code == 0, done.err
    assert "lightgbm" in done.out

    predict = ["run", "wine.csv", "--out", "said.csv"]
    script = f"from hpmkd.cli import cli; cli(['predict', *{predict}], standalone_mode=False)"
    assert run([], "-c", WITHOUT + script).code == 0
    said = pd.read_csv(tmp_path / "said.csv")
    true = pd.read_csv(tmp_path / "wine.csv")["target"]
    assert (said.iloc[:, 0] == true).mean() > 0.85

    for format_ in ("json", "onnx"):
        path = f"student.{format_}"
        export = ["-m", "hpmkd", "export", "run", "--to", format_, "--out", path]
        done = run([], *export)
        assert done.code == 0, done.err
        assert (tmp_path / path).stat().st_size > 1000
    assert len(json.loads((tmp_path / "student.json").read_text("utf-8"))) > 1

    student = (tmp_path / "run" / "student.hpmkd").read_bytes()
    assert distill(LIGHTGBM, "--student", "lightgbm", "--overwrite").code == 0
    assert (tmp_path / "run" / "student.hpmkd").read_bytes() == student, "at another worker count"


def test_it_takes_its_place_in_the_chain(run):
    script = """
import hpmkd
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB
link = {"stage": "lightgbm", "transfer": "residual", "after": "logistic"}
X, y = load_breast_cancer(return_X_y=True)
found = hpmkd.distill(
    X, y, teacher=GaussianNB(),
    recipe={"stages": {"logistic": {}, "lightgbm": {}}, "chain": [{"stage": "logistic"}, link]},
    settings={"sampler.trials": 1, "memory": "none", "augmenter": "none", "front.size": 0},
)
print([gate.name for gate in found.gates])
print(sorted({trial.configuration.stage for trial in found.trials if trial.configuration.after}))
print(found.fit([t for t in found.trials if t.configuration.after][-1].configuration))
"""
    done = run(LIGHTGBM, "-W", "ignore", "-c", script)
    assert done.code == 0, done.err
    gates, linked, student = done.out.splitlines()
    assert "lightgbm" in gates
    assert linked == "['lightgbm']"
    assert "linear" in student
