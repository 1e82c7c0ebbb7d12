"""What ships: one student, or a pool; of near-ties the smaller, within the limits."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.engine.choice import Pooled, better, choose, pool
from hpmkd.errors import PluginWarning
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.recipe.settings import EnsembleSettings
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.training.ensemble import ENSEMBLE
from hpmkd.training.refit import Refitted
from hpmkd.values import Configuration, Offer, Trial

N = 100
#: Two students differ by this in single rows.
NOISE = np.random.default_rng(0).normal(0, 0.1, N)
NOISE -= NOISE.mean()
ERROR = float(NOISE.std(ddof=1) / N**0.5)


def student(loss, n_bytes, stage="a", noise=0.0):
    losses = loss + noise * NOISE
    trial = Trial(0, Configuration(stage, 1.0, 0.0), losses, 0.5, 1, 0.0)
    return Refitted(trial, f"student {stage}", Footprint(n_bytes, 1.0, 1.0))


def pooled(loss, n_bytes=None, noise=0.0):
    """A pool; without a size it is no single student."""
    one = student(loss, n_bytes or 0, ENSEMBLE, noise)
    return Pooled(f"pool of {loss}", one.trial, None if n_bytes is None else one)


def selection(most=None):
    return SimpleNamespace(
        keeps_limits=lambda each: most is None or each.footprint.n_bytes <= most,
        ranking=NO_LIMITS,
    )


def chosen(students, pool=None, most=None, gated=True):
    return choose(selection(most), students, pool, gated=gated)


def test_the_least_loss_ships():
    students = {"a": student(0.5, 100), "b": student(0.3, 900, "b")}
    named, note = chosen(students)
    assert (named.name, named.refitted, note) == ("b", students["b"], None)


def test_a_pool_that_is_better_ships():
    pool = pooled(0.2, 2000)
    named, note = chosen({"a": student(0.5, 100)}, pool)
    assert (named.name, named.refitted, note) == (ENSEMBLE, pool.student, None)


def test_a_pool_that_is_worse_or_no_single_student_does_not():
    students = {"a": student(0.5, 100)}
    assert chosen(students, pooled(0.6, 50))[0].name == "a"
    assert chosen(students, pooled(0.1))[0].name == "a"


def test_the_metric_chooses_where_there_is_one():
    students = {"a": student(0.5, 100), "b": student(0.3, 900, "b")}
    auc = replace(students["a"].trial, metric_losses=np.full(N, 0.1))
    worse = replace(students["b"].trial, metric_losses=np.full(N, 0.2))
    students = {
        name: replace(students[name], trial=trial) for name, trial in (("a", auc), ("b", worse))
    }
    assert chosen(students)[0].name == "a"


@pytest.mark.parametrize(("errors", "ships"), [(0.4, "a"), (0.6, ENSEMBLE)])
def test_of_near_ties_the_smaller_ships_and_it_is_noted(errors, ships):
    students = {"a": student(0.5 + errors * ERROR, 100, noise=1.0)}
    named, note = chosen(students, pooled(0.5, 2000))
    assert named.name == ships
    assert (note is not None) == (ships == "a")
    if note is not None:
        assert ENSEMBLE in note
        assert "the smaller ships" in note


def test_what_is_larger_and_as_good_is_no_rival():
    students = {"a": student(0.5, 100), "b": student(0.5, 50, "b"), "c": student(0.5, 200, "c")}
    assert chosen(students)[0].name == "b"


def test_limits_come_before_loss_and_before_near_ties():
    students = {"a": student(0.9, 100), "b": student(0.1, 500, "b")}
    assert chosen(students, most=200)[0].name == "a"
    assert chosen(students, pooled(0.05, 5000), most=200)[0].name == "a"
    assert chosen(students, pooled(0.05, 150), most=200)[0].name == ENSEMBLE


def test_where_nothing_keeps_them_the_best_student_ships_and_no_pool():
    students = {"a": student(0.9, 100), "b": student(0.1, 500, "b")}
    named, note = chosen(students, pooled(0.01, 50_000), most=10)
    assert (named.name, note) == ("b", None)


def test_a_pool_that_is_not_gated_ships_and_the_note_says_what_would_have():
    named, note = chosen({"a": student(0.3, 100)}, pooled(0.6, 500), gated=False)
    assert named.name == ENSEMBLE
    assert note.startswith("ensemble ships because ensemble.gated = false: 0.6000")
    assert "would choose a with 0.3000" in note


@pytest.mark.parametrize(
    ("pool", "why"),
    [
        (pooled(0.1, 5000), "it breaks a limit"),
        (pooled(0.1), "it has no file"),
        (None, "it takes two students that keep the limits"),
    ],
    ids=["limit", "file", "none"],
)
def test_where_one_that_is_not_gated_cannot_ship_the_note_says_why(pool, why):
    named, note = chosen({"a": student(0.5, 100)}, pool, most=200, gated=False)
    assert named.name == "a"
    assert note == f"ensemble does not ship, despite ensemble.gated = false: {why}"
    assert chosen({"a": student(0.5, 100)}, pool, most=200)[1] is None


def test_a_near_tie_beside_it_is_noted_as_well():
    students = {"a": student(0.5 + 0.4 * ERROR, 100, noise=1.0), "b": student(0.5, 150, "b")}
    note = chosen(students, None, gated=False)[1]
    assert "the smaller ships" in note
    assert "ensemble does not ship" in note


# --------------------------------------------------------------------------- pools


def test_the_better_pool_competes():
    hard, soft, all_ = pooled(0.5), pooled(0.4), SimpleNamespace(keeps_limits=lambda each: True)
    assert better(all_, soft, hard) is soft
    assert better(all_, hard, soft) is soft
    assert better(all_, soft, None) is better(all_, None, soft) is soft
    assert better(all_, None, None) is None


def test_one_that_breaks_a_limit_does_not_hide_one_that_keeps_it():
    hard, soft = pooled(0.5, 100), pooled(0.4, 5000)
    small = SimpleNamespace(keeps_limits=lambda each: each.footprint.n_bytes <= 200)
    assert better(small, soft, hard) is hard


def test_in_a_tie_it_is_the_pool_of_students_on_hard_labels():
    soft, hard = pooled(0.5), pooled(0.5)
    all_ = SimpleNamespace(keeps_limits=lambda each: True)
    assert better(all_, soft, hard) is hard


class Broken:
    def fit(self, probabilities, labels, table):
        raise ZeroDivisionError("a lie")


def pool_of(*predicted, most=2, keeps=lambda each: True):
    """Pool students that give class 1 these probabilities, by a fuser that fails."""
    labels = np.arange(N) % 2
    rows = Dataset(np.zeros((N, 1)), labels, np.arange(2))
    spec = ComponentSpec(RegisteredComponent("fuser", Offer("liar", Broken, ""), "evil"), {})
    candidates = {}
    for at, first in enumerate(predicted):
        each = student(0.5, 100, f"s{at}")
        given = np.column_stack([1 - first, first])
        trial = replace(each.trial, probabilities=given)
        candidates[f"s{at}"] = replace(each, trial=trial)
    ctx = SimpleNamespace(
        parts=SimpleNamespace(ensemble_fuser=spec),
        recipe=SimpleNamespace(ensemble=EnsembleSettings(top=most)),
    )
    outputs = SimpleNamespace(held=rows, fold_of_held=np.arange(N) // 2 % 5)
    chosen = SimpleNamespace(keeps_limits=keeps, provenance=None, ranking=NO_LIMITS)
    return pool(ctx, outputs, chosen, candidates)


LABELS = np.arange(N) % 2
#: Each is sure of its half of the rows and knows nothing of the other: they belong together.
HALVES = [
    np.where(np.arange(N) < N // 2, np.where(LABELS == 1, 0.95, 0.05), 0.5),
    np.where(np.arange(N) >= N // 2, np.where(LABELS == 1, 0.95, 0.05), 0.5),
]


def test_without_a_fuser_of_students_there_is_no_pool():
    with pytest.warns(PluginWarning, match="no ensemble: plugin 'evil': fuser 'liar' failed"):
        assert pool_of(*HALVES) is None


def test_the_fuser_is_not_asked_where_nothing_is_better_together():
    assert pool_of(HALVES[0], HALVES[0]) is None
    assert pool_of(HALVES[0]) is None
    # Nor beside a member that breaks a limit.
    assert pool_of(*HALVES, keeps=lambda each: each.trial.configuration.stage == "s0") is None


def ungated(students, pool=None, most=None):
    return choose(selection(most), students, pool, gated=False)


def test_ungated_a_pool_ships_and_says_what_the_rows_would_choose():
    students, pool = {"a": student(0.3, 100)}, pooled(0.4, 900)
    named, note = ungated(students, pool)
    assert (named.name, named.refitted) == (ENSEMBLE, pool.student)
    assert note == (
        "ensemble ships because ensemble.gated = false: 0.4000 nats on the selection rows, which "
        "would choose a with 0.3000"
    )
    assert ungated(students, pooled(0.2, 900))[1] is None


def test_ungated_no_pool_ships_without_a_file_or_beyond_a_limit():
    students = {"a": student(0.3, 100)}
    for one, most in ((None, None), (pooled(0.2), None), (pooled(0.2, 900), 500)):
        assert ungated(students, one, most)[0].name == "a"
