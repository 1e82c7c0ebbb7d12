"""Weights of rows and of classes, end to end: in Python and by the command line."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd.cli import cli
from hpmkd.knowledge.teachers import GivenTeacher

LIGHT = {
    "memory": "none",
    "cache": "memory",
    "augmenter.name": "none",
    "chain": [],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "split.folds": 3,
    "reference.name": "quick",
    "search.alphas.self": [0.0, 0.5],
    "stages": ["logistic", "tree"],
    "ensemble.collapse": False,
}
RNG = np.random.default_rng(0)


def distil(X, y, **options):
    given = {"teacher": LogisticRegression(max_iter=500), "settings": LIGHT} | options
    return hpmkd.distill(X, y, **given)


def answers(found, X):
    return {name: each.predict_proba(X).tobytes() for name, each in found.students.items()}


@pytest.fixture(scope="module")
def rows():
    """Rows of two groups in which a column means the opposite; the second group is larger."""
    n = 400
    group, x = RNG.random(n) < 0.7, RNG.normal(size=(n, 2))
    y = np.where((x[:, 0] > 0) ^ group, "yes", "no")
    return x, y, group


@pytest.fixture(scope="module")
def plain(rows):
    return distil(*rows[:2])


def test_weights_decide_what_a_student_learns(rows, plain):
    """Without the column of groups, the heavier one is what can be learned."""
    x, y, group = rows
    found = distil(x, y, sample_weight=np.where(group, 1.0, 20.0))
    own = y[~group]
    assert (plain.student.predict(x[~group]) == own).mean() < 0.2
    assert (found.student.predict(x[~group]) == own).mean() > 0.8


def test_equal_weights_give_the_same_bits(rows, plain):
    x, y, _ = rows
    found = distil(x, y, sample_weight=np.full(len(y), 3.0))
    assert answers(found, x) == answers(plain, x)
    assert found.verdict == plain.verdict


def test_a_row_of_weight_zero_is_none(rows):
    x, y, _ = rows
    weights = np.where(np.arange(len(y)) % 5 == 0, 0.0, 1.0)
    found, without = distil(x, y, sample_weight=weights), distil(x[weights > 0], y[weights > 0])
    assert answers(found, x) == answers(without, x)
    assert found.facts["rows"] == without.facts["rows"]


def test_only_ratios_count(rows):
    x, y, group = rows
    weights = np.where(group, 1.0, 4.0)
    shares = distil(x, y, sample_weight=weights / weights.sum())
    many = distil(x, y, sample_weight=weights * 4096.0)
    for name, student in shares.students.items():
        other = many.students[name].predict_proba(x)
        np.testing.assert_allclose(student.predict_proba(x), other, atol=1e-6)


def test_the_tables_and_the_verdict_are_weighted(rows):
    x, y, group = rows
    weights, of_test = np.where(group, 1.0, 2.0), RNG.uniform(0.1, 3.0, len(y))
    others = x + 1e-3
    options = {"X_test": others, "y_test": y, "sample_weight_test": of_test}
    found = distil(x, y, sample_weight=weights, **options)
    record = next(each for each in found.records if each.chosen)
    predicted = found.student.predict_proba(others)
    assert record.log_loss == pytest.approx(log_loss(y, predicted, sample_weight=of_test))
    right = found.student.predict(others) == y
    assert record.accuracy == pytest.approx(np.average(right, weights=of_test))
    assert found.verdict.arms[0].log_loss == pytest.approx(record.log_loss)
    summary = next(each for each in found.front if each.chosen)
    assert summary.log_loss == pytest.approx(record.log_loss)


def test_another_metric_is_weighted_too(rows):
    x, y, group = rows
    weights, others = np.where(group, 1.0, 4.0), x + 1e-3
    options = {"X_test": others, "y_test": y, "sample_weight_test": weights}
    found = distil(x, y, sample_weight=weights, metric="auc", **options)
    record = next(each for each in found.records if each.chosen)
    predicted = found.student.predict_proba(others)[:, 1]
    expected = roc_auc_score(y == "yes", predicted, sample_weight=weights)
    assert record.metric == pytest.approx(expected)
    assert found.verdict.by_metric.student == pytest.approx(expected)


def test_trials_are_judged_by_weighted_rows(rows):
    x, y, group = rows
    weights = np.where(group, 1.0, 4.0)
    found = distil(x, y, sample_weight=weights)
    for trial in found.trials:
        assert set(np.round(trial.row_weights / trial.row_weights.min(), 6)) == {1.0, 4.0}
        expected = np.average(trial.row_losses, weights=trial.row_weights)
        assert trial.log_loss == pytest.approx(expected)


def test_a_teacher_that_cannot_weigh_rows_is_named(rows):
    x, y, group = rows
    weights = np.where(group, 1.0, 4.0)
    said = "fit takes no sample_weight: knn"
    with pytest.warns(hpmkd.DataWarning, match=said):
        distil(x, y, teacher={"knn": KNeighborsClassifier()}, sample_weight=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distil(x, y, sample_weight=weights)


def test_given_probabilities_are_of_all_rows_those_of_weight_zero_too(rows):
    x, y, _ = rows
    weights = RNG.integers(0, 3, len(y))
    model = LogisticRegression().fit(x, y)
    found = distil(x, y, teacher=model.predict_proba(x), sample_weight=weights)
    assert found.facts["rows"]["training"] + found.facts["rows"]["test"] == (weights > 0).sum()
    given = GivenTeacher("given", model.predict_proba(x), model.predict_proba(x[:50]))
    options = {"X_test": x[:50] + 1e-3, "y_test": y[:50], "sample_weight_test": weights[:50]}
    found = distil(x, y, teacher=given, sample_weight=weights, **options)
    assert found.facts["rows"]["training"] == (weights > 0).sum()
    assert found.facts["rows"]["test"] == (weights[:50] > 0).sum()


def test_balanced_classes_find_the_rare_one_and_are_measured_as_the_rows_are():
    x = RNG.normal(size=(1000, 2))
    y = (x[:, 0] + RNG.normal(size=1000) > 2.2).astype(int)
    plain, balanced = distil(x, y), distil(x, y, class_weight="balanced")
    recalls = [each.student.predict(x)[y == 1].mean() for each in (plain, balanced)]
    assert recalls[0] < 0.5
    assert recalls[1] > 0.75
    record = next(each for each in balanced.records if each.chosen)
    assert record.log_loss > next(each for each in plain.records if each.chosen).log_loss


@pytest.fixture
def files(rows, tmp_path):
    x, y, group = rows
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=y, w=np.where(group, 1.0, 20.0))
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    return path, tmp_path / "run", frame


def hpmkd_(*arguments):
    return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def light():
    settings = {"chain": "[]", "stages": '["logistic"]', "sampler.name": "grid"}
    return [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]


def test_the_command_line_has_a_column_of_weights(files):
    path, out, frame = files
    typed = ["distill", path, "--target", "y", "--weights", "w", "--out", out, "--no-memory"]
    typed += ["--no-cache", "--teacher", "quick", "--quiet", *light()]
    typed += ["--set", "sampler.trials=1", "--set", "augmenter.name=none"]
    done = hpmkd_(*typed)
    assert done.exit_code == 0, done.output
    found = hpmkd.load(out)
    assert list(found.student.encoder.schema.names) == ["a", "b"]
    light_group = frame[frame.w > 1]
    assert (found.student.predict(light_group[["a", "b"]]) == light_group.y).mean() > 0.8
    assert found.facts["weights"] == "w"
    assert "Weights: rows by their weight, column w\n" in done.output

    plain = path.with_name("plain.csv")
    frame.drop(columns="w").to_csv(plain, index=False)
    scored = [hpmkd_("evaluate", out, rows, "--json") for rows in (plain, path)]
    by_row, weighted = (json.loads(each.output) for each in scored)
    assert weighted["weighted_by"] == "w"
    predicted = found.student.predict_proba(frame[["a", "b"]])
    assert by_row["log_loss"] == pytest.approx(log_loss(frame.y, predicted))
    expected = log_loss(frame.y, predicted, sample_weight=frame.w)
    assert weighted["log_loss"] == pytest.approx(expected)

    resumed = ["--resume" if each == "--out" else each for each in typed]
    assert hpmkd_(*resumed).exit_code == 0
    without = [each for each in resumed if each not in ("--weights", "w")]
    refused = hpmkd_(*without)
    assert refused.exit_code != 0
    assert "belongs to another run" in refused.output


def test_the_command_line_weighs_classes(files):
    path, out, _ = files
    typed = ["distill", path, "--target", "y", "--out", out, "--no-memory", "--no-cache"]
    typed += ["--teacher", "quick", "--quiet", *light(), "--set", "sampler.trials=1"]
    for each, said in (("balanced", "balanced"), ("yes=3", {"yes": 3.0})):
        done = hpmkd_(*typed, "--class-weight", each, "--overwrite")
        assert done.exit_code == 0, done.output
        assert hpmkd.load(out).facts["class_weight"] == said
        assert "Weights: classes " in done.output
    refused = hpmkd_(*typed, "--class-weight", "yes", "--overwrite")
    assert refused.exit_code == 2
    assert "got 'yes'; expected balanced, alone, or LABEL=WEIGHT" in refused.output
