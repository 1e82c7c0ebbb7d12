"""The ensemble of students, and the student that is distilled from it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import hpmkd
from hpmkd.cli import cli
from hpmkd.cli.output.leaderboard import print_result
from hpmkd.data.probabilities import row_losses
from hpmkd.engine import finish
from hpmkd.evaluation.gates import Gate
from hpmkd.training import ensemble_distillation
from hpmkd.training.ensemble import Ensemble

LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "front.size": 0,  # which they are hangs on measured times
    "split.folds": 3,
    "reference.name": "quick",
}


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


def test_it_holds_up_to_three_students_the_best_first(found):
    named = {each.name: each for each in found.front}
    members = [named[name] for name in found.facts["ensemble"]["members"]]
    single = [each for each in found.front if each.role in ("student", "control")]
    assert 2 <= len(members) <= 3
    assert members[0].selection_log_loss == min(each.selection_log_loss for each in single)
    parts = {found.by_name[each.name].model.family for each in members}
    assert {member.family for member in found.ensemble.model.members} == parts


def assert_fused(found, X):
    members = [found.by_name[name] for name in found.facts["ensemble"]["members"]]
    assert len(members) >= 2
    predicted = np.stack([member.predict_proba(X) for member in members])
    fused = found.ensemble.model.pool.fuse(predicted)
    np.testing.assert_allclose(found.ensemble.predict_proba(X), fused, atol=1e-9, rtol=0)


def test_it_says_what_its_members_say_fused(found):
    assert_fused(found, load_wine(as_frame=True).data)


def test_its_file_tells_how_it_was_made(found):
    training = found.ensemble.facts["training"]
    assert (training["recipe"], training["seed"], training["fuser"]) == ("hpm", 0, "pool")
    names = found.facts["ensemble"]["members"]
    assert training["members"] == [
        {
            name: value
            for name, value in found.by_name[stage].facts["training"].items()
            if name not in ("recipe", "seed", "rows", "regime")
        }
        for stage in names
    ]


def test_one_of_students_on_hard_labels_names_them_as_the_leaderboard_does(monkeypatch, capsys):
    monkeypatch.setattr(finish, "better", lambda selection, own, hard: hard)
    found = distil(load_wine, **{"ensemble.gated": False, "search.alphas.self": [0.5, 1.0]})
    names, members = found.facts["ensemble"]["members"], found.ensemble.model.members
    assert all(found.by_name[name].facts["training"]["alpha"] == 0 for name in names)
    assert_fused(found, load_wine(as_frame=True).data)
    print_result(found)
    told = f"Ensemble: {', '.join(names[:-1])} and {names[-1]}, fused by pool"
    assert told in capsys.readouterr().out
    assert len(members) == len(names)


def test_why_one_that_was_asked_for_does_not_ship_is_kept_as_a_gate(monkeypatch):
    monkeypatch.setattr(finish, "pool", lambda *given: None)
    found = distil(load_wine, **{"ensemble.gated": False})
    assert found.chosen != "ensemble"
    (decision,) = [gate for gate in found.gates if gate.name == "ensemble"]
    assert not decision.passed
    assert "does not ship, despite ensemble.gated = false" in decision.reason


def test_it_is_kept_and_can_be_asked_like_any_student(found, tmp_path):
    found.save(tmp_path / "run")
    file = tmp_path / "run" / "students" / "ensemble.hpmkd"
    assert file.read_bytes() == found.ensemble.to_bytes()
    loaded = hpmkd.load(tmp_path / "run")
    assert loaded.ensemble.to_bytes() == found.ensemble.to_bytes()
    assert "ensemble" not in loaded.students
    again = loaded.save(tmp_path / "again")
    assert (again / "students" / "ensemble.hpmkd").read_bytes() == file.read_bytes()
    data = tmp_path / "data.csv"
    X = load_wine(as_frame=True).data.head(9)
    X.to_csv(data, index=False)
    predicted = CliRunner().invoke(cli, ["predict", str(again), str(data), "--student", "ensemble"])
    lines = predicted.stdout.splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == found.ensemble.predict(X).tolist()
    explained = CliRunner().invoke(cli, ["explain", str(again), "--student", "ensemble"])
    assert explained.exit_code == 2
    assert "the student ensemble is pool of" in explained.stderr
    file.unlink()
    with pytest.raises(hpmkd.StudentFileError, match=r"students/ensemble\.hpmkd is missing"):
        hpmkd.load(tmp_path / "run")


def test_where_rows_are_weighed_by_themselves_there_is_no_file(tmp_path, capsys):
    by_row = {"ensemble.fuser": "", "fuser.name": "attention", "fuser.gated": False}
    found = distil(load_wine, **by_row)
    reason = found.facts["ensemble"]["unpacked"]
    assert reason.startswith("the fuser 'attention' weighs each row by what no file can hold")
    assert isinstance(found.ensemble, Ensemble)
    assert found.ensemble.predict_proba(load_wine().data).shape == (178, 3)
    (record,) = [record for record in found.records if record.role == "ensemble"]
    assert record.bytes > sum(member.n_bytes for member in found.ensemble.members)
    found.save(tmp_path / "run")
    assert not (tmp_path / "run" / "students" / "ensemble.hpmkd").exists()
    assert hpmkd.load(tmp_path / "run").ensemble is None
    print_result(found)
    assert f"The ensemble has no file of its own: {reason}" in capsys.readouterr().out


@pytest.fixture(scope="module")
def attended():
    fuser = {"ensemble.fuser.name": "row-attention", "ensemble.fuser.gated": False}
    return distil(load_wine, **fuser, **{"ensemble.gated": False, "ensemble.top": 3})


def test_attention_by_what_students_say_of_a_row_has_a_file(attended, tmp_path):
    pool = attended.ensemble.model.pool
    assert pool.attention.n_members == len(attended.facts["ensemble"]["members"]) == 3
    assert attended.facts["ensemble"]["unpacked"] is None
    X = load_wine(as_frame=True).data
    assert_fused(attended, X)
    folder = attended.save(tmp_path / "run")
    loaded = hpmkd.load(folder)
    assert loaded.ensemble.to_bytes() == attended.ensemble.to_bytes()
    assert (
        loaded.ensemble.predict_proba(X).tobytes() == attended.ensemble.predict_proba(X).tobytes()
    )
    X.to_csv(tmp_path / "data.csv", index=False)
    asked = CliRunner().invoke(cli, ["predict", str(folder), str(tmp_path / "data.csv")])
    lines = asked.stdout.splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == attended.ensemble.predict(X).tolist()


def test_ungated_the_ensemble_is_the_final_model(attended, tmp_path):
    assert attended.chosen == "ensemble"
    assert attended.student.to_bytes() == attended.ensemble.to_bytes()
    assert "ensemble" in {each.name for each in attended.front}
    (record,) = [record for record in attended.records if record.chosen]
    assert (record.role, record.bytes) == ("ensemble", attended.ensemble.n_bytes)
    folder = attended.save(tmp_path / "run")
    picked = CliRunner().invoke(cli, ["pick", str(folder)])
    assert picked.exit_code == 0
    assert "ensemble" in picked.stdout + picked.stderr
    below = {"limits.max_size": attended.ensemble.n_bytes - 1}
    small = distil(load_wine, **{"ensemble.gated": False, **below})
    assert small.student.n_bytes < attended.ensemble.n_bytes


def test_exporters_write_it_or_say_which_student_they_can(attended, tmp_path):
    folder = attended.save(tmp_path / "run")
    for to in ("json", "python"):
        done = CliRunner().invoke(cli, ["export", str(folder), "--to", to])
        assert done.exit_code == 0, done.output
    for to in ("onnx", "sql"):
        refused = CliRunner().invoke(cli, ["export", str(folder), "--to", to])
        assert refused.exit_code == 8
        assert "this one has attention" in refused.stderr
        assert "it can write these students of the run: " in refused.stderr


def test_a_column_of_categories_and_missing_cells():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(["x", "y", None], 300)})
    frame.loc[::7, "a"] = np.nan
    target = np.where(rng.random(300) < 0.15, 1, (frame["a"] > 0) ^ (frame["b"] == "x"))
    known = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    teacher = make_pipeline(known, RandomForestClassifier(20, random_state=0))
    found = hpmkd.distill(frame, target, teacher=teacher, settings=LIGHT)
    assert_fused(found, frame)


def test_it_predicts_raw_rows(found):
    X = load_wine(as_frame=True).data
    probabilities = found.ensemble.predict_proba(X)
    assert probabilities.shape == (178, 3)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(found.ensemble.predict(X), probabilities.argmax(axis=1))
    assert np.array_equal(found.ensemble.classes_, [0, 1, 2])
    for table in (X.head(5).to_dict("records"), X.head(5).to_dict("list")):
        assert np.array_equal(found.ensemble.predict_proba(table), probabilities[:5])


def test_it_stands_on_the_leaderboard_and_may_be_chosen(found):
    (record,) = [record for record in found.records if record.role == "ensemble"]
    assert record.name == "ensemble"
    assert record.chosen == (found.chosen == "ensemble")
    assert record.bytes == found.ensemble.n_bytes
    members = [found.by_name[name] for name in found.facts["ensemble"]["members"]]
    assert record.bytes < sum(len(member.to_bytes()) for member in members)


def test_it_costs_no_model(found):
    # It is fused by the predictions of its members' trials.
    alone = distil(load_wine, **{"ensemble.top": 0})
    assert alone.ensemble is None
    assert found.counts["models_trained"] == alone.counts["models_trained"]


@pytest.mark.parametrize(
    "settings", [{"ensemble.top": 1}, {"stages": ["tree"], "search.alphas.self": [0.0]}]
)
def test_one_student_is_no_ensemble(settings):
    found = distil(load_wine, **settings)
    assert found.ensemble is None
    assert all(record.role != "ensemble" for record in found.records)


def test_a_fuser_that_trusts_one_student_only_gives_that_student(found):
    # The fuser's weights sum to one: the fused loss lies near the best member's.
    X, y = load_wine(return_X_y=True, as_frame=True)
    fused = row_losses(found.ensemble.predict_proba(X), y.to_numpy()).mean()
    members = [
        row_losses(found.by_name[name].predict_proba(X), y.to_numpy()).mean()
        for name in found.facts["ensemble"]["members"]
    ]
    assert fused < max(members)


def test_collapse_is_gated_and_says_why(tmp_path):
    found = distil(load_wine, **{"ensemble.collapse": True})
    decision = collapse_of(found)
    assert "standard error" in decision.reason
    assert ("collapsed" in found.students) == decision.passed
    found.save(tmp_path / "run")
    gates = json.loads((tmp_path / "run" / "run.json").read_text())["gates"]
    assert gates[-1] == {"name": "collapse", "passed": decision.passed, "reason": decision.reason}
    assert hpmkd.load(tmp_path / "run").gates == found.gates


def test_a_collapsed_student_that_passes_is_shipped(monkeypatch, tmp_path):
    for module in (ensemble_distillation, finish):
        monkeypatch.setattr(module, "gate", lambda name, *_: Gate(name, True, "made to"))
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


def test_the_gates_of_the_fuser_are_listed_and_shown(tmp_path, capsys):
    found = distil(load_wine, **{"ensemble.fuser": ""})
    *links, of_teachers, of_ensemble = found.gates
    assert all(" after " in link.name for link in links)
    assert of_teachers.name == "fuser of the teachers"
    assert of_teachers.reason == found.knowledge.fuser["gate"]["reason"]
    assert of_ensemble.name == "fuser of the ensemble"
    assert of_ensemble.reason
    found.save(tmp_path / "run")
    gates = json.loads((tmp_path / "run" / "run.json").read_text())["gates"]
    assert [Gate(**each) for each in gates] == list(found.gates)
    print_result(found)
    lines = capsys.readouterr().out.splitlines()
    for gate in found.gates:
        step = "passed" if gate.passed else "refused"
        assert lines.count(f"Gate {gate.name}: {step} ({gate.reason})") == 1


def test_a_fuser_without_a_gate_lists_none():
    assert distil(load_wine, **{"fuser.name": "mean"}, stages=["tree", "logistic"]).gates == ()


@pytest.mark.parametrize("settings", [{"ensemble.top": 0}, {"ensemble.top": 1}])
def test_where_there_is_nothing_to_collapse_the_gate_says_so(settings):
    found = distil(load_wine, **{"ensemble.collapse": True, **settings})
    decision = collapse_of(found)
    assert not decision.passed
    assert decision.reason.startswith("there are no two students")
