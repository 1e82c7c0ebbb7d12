"""The ensemble of students, and the student that is distilled from it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hpmkd
from hpmkd import collapse, measure
from hpmkd.cli.table import print_result
from hpmkd.gates import Gate
from hpmkd.probabilities import row_losses

LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "split.selection_folds": 2,
    "split.teacher_folds": 3,
    "reference.name": "quick",
}


@pytest.fixture(scope="module", autouse=True)
def hurried():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "SECONDS_EACH", 0.0)
        yield


def distil(data, **settings):
    X, y = data(return_X_y=True, as_frame=True)
    teacher = make_pipeline(StandardScaler(), LogisticRegression())
    return hpmkd.distill(X, y, teacher=teacher, settings={**LIGHT, **settings})


def collapse_of(found):
    (decision,) = [gate for gate in found.gates if gate.name == "collapse"]
    return decision


@pytest.fixture(scope="module")
def found():
    return distil(load_wine)


def test_it_holds_the_strongest_students_of_three_stages(found):
    students = [record for record in found.records if record.role == "student"]
    ranked = sorted(students, key=lambda record: record.selection_log_loss)
    assert found.ensemble.names == tuple(record.name for record in ranked[:3])
    for name, member in zip(found.ensemble.names, found.ensemble.members, strict=True):
        assert member is found.students[name]


def test_it_predicts_raw_rows(found):
    X = load_wine(as_frame=True).data
    probabilities = found.ensemble.predict_proba(X)
    assert probabilities.shape == (178, 3)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(found.ensemble.predict(X), probabilities.argmax(axis=1))
    assert np.array_equal(found.ensemble.classes_, [0, 1, 2])


def test_it_stands_on_the_leaderboard_and_is_not_chosen(found):
    (record,) = [record for record in found.records if record.role == "ensemble"]
    assert record.name == "+".join(found.ensemble.names)
    assert not record.chosen
    # A pickle remembers which parts are one object, so its size varies by a few bytes.
    assert record.bytes == pytest.approx(found.ensemble.n_bytes, rel=0.01)
    assert record.bytes > sum(len(member.to_bytes()) for member in found.ensemble.members)


def test_it_costs_no_model(found):
    # It is fused by what the trials of its members said.
    alone = distil(load_wine, **{"ensemble.top": 0})
    assert alone.ensemble is None
    assert found.counts["models_trained"] == alone.counts["models_trained"]


@pytest.mark.parametrize("settings", [{"ensemble.top": 1}, {"stages": ["tree"]}])
def test_one_student_is_no_ensemble(settings):
    found = distil(load_wine, **settings)
    assert found.ensemble is None
    assert all(record.role != "ensemble" for record in found.records)


def test_a_fuser_that_trusts_one_student_only_gives_that_student(found):
    # The fuser's weights sum to one per row: the fused loss lies near the best member's.
    X, y = load_wine(return_X_y=True, as_frame=True)
    fused = row_losses(found.ensemble.predict_proba(X), y.to_numpy()).mean()
    members = [
        row_losses(member.predict_proba(X), y.to_numpy()).mean()
        for member in found.ensemble.members
    ]
    assert fused < max(members)


def test_collapse_is_gated_and_says_why(tmp_path):
    found = distil(load_breast_cancer, **{"ensemble.collapse": True})
    decision = collapse_of(found)
    assert "standard error" in decision.reason
    assert ("collapsed" in found.students) == decision.passed
    found.save(tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "run.json").read_text())["gates"]
    assert kept[-1] == {"name": "collapse", "passed": decision.passed, "reason": decision.reason}
    assert hpmkd.load(tmp_path / "run").gates == found.gates


def test_a_collapsed_student_that_passes_is_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(collapse, "gate", lambda name, before, after: Gate(name, True, "made to"))
    found = distil(load_wine, **{"ensemble.collapse": True})
    assert found.chosen == "collapsed"
    (record,) = [record for record in found.records if record.chosen]
    assert (record.role, record.name) == ("student", "collapsed")
    assert record.alpha > 0
    assert "collapsed" in found.verdict.sentence
    found.save(tmp_path / "run")
    loaded = hpmkd.load(tmp_path / "run")
    X = load_wine(as_frame=True).data
    assert np.array_equal(loaded.student.predict_proba(X), found.student.predict_proba(X))


def test_the_gates_of_the_fuser_are_listed_and_shown(found, tmp_path, capsys):
    *links, of_teachers, of_ensemble = found.gates
    assert all(" after " in link.name for link in links)
    assert of_teachers.name == "fuser of the teachers"
    assert of_teachers.reason == found.knowledge.fuser["gate"]["reason"]
    assert of_ensemble.name == "fuser of the ensemble"
    told = found.ensemble.fusion.summary(found.ensemble.names)["gate"]
    assert (of_ensemble.passed, of_ensemble.reason) == (told["accepted"], told["reason"])
    found.save(tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "run.json").read_text())["gates"]
    assert [Gate(**each) for each in kept] == list(found.gates)
    print_result(found)
    lines = capsys.readouterr().out.splitlines()
    for gate in found.gates:
        step = "passed" if gate.passed else "refused"
        assert lines.count(f"Gate {gate.name}: {step} ({gate.reason})") == 1


def test_a_fuser_without_a_gate_lists_none():
    assert distil(load_wine, **{"fuser.name": "mean"}, stages=["tree", "logistic"]).gates == ()


def test_it_takes_what_a_student_takes(found):
    rows = load_wine(as_frame=True).data.head(5)
    for table in (rows.to_dict("records"), rows.to_dict("list")):
        assert np.array_equal(
            found.ensemble.predict_proba(table), found.ensemble.predict_proba(rows)
        )


@pytest.mark.parametrize("settings", [{"search.alphas.self": [0.0]}, {"ensemble.top": 1}])
def test_where_there_is_nothing_to_collapse_the_gate_says_so(settings):
    found = distil(load_wine, **{"ensemble.collapse": True, **settings})
    decision = collapse_of(found)
    assert not decision.passed
    assert decision.reason.startswith(("no alpha above 0", "there are not two students"))
