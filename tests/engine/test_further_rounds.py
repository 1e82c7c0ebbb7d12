"""Further rounds continue while they pay, and end where the teachers add nothing new."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpmkd.engine import further_rounds as module
from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.values import Configuration, Trial

N = 50
NOISE = np.linspace(-0.1, 0.1, N)


def trial(number, loss, extra_weight=0.5):
    configuration = Configuration("a", 1.0, 0.0, {"n": number}, extra_weight=extra_weight)
    losses = np.full(N, loss) + NOISE * number
    kept = {"probabilities": np.full((N, 2), 0.5), "students": ("one",)}
    return Trial(number, configuration, losses, 0.5, 1, 0.0, **kept)


def outputs(digest, teaches=True, pairs=None):
    training = SimpleNamespace(digest=digest)
    return SimpleNamespace(
        source=SimpleNamespace(pairs=pairs),
        teaches=teaches,
        training=training,
        selection_sets=[SimpleNamespace(training=training)],
        ranking=TrialRanking(),
    )


HARD = SimpleNamespace(trials=[trial(0, 0.5, extra_weight=0.0)])
FIRST = SimpleNamespace(trials=[*HARD.trials, trial(1, 0.4)])


@pytest.fixture
def run(monkeypatch):
    """Runs as many rounds as there are losses of their best students."""

    def ran(
        losses, digests="bcd", first=FIRST, asks=True, one_holdout=False, rounds=None, **options
    ):
        notes, others, number = [], [], iter(range(2, 9))
        remaining = iter(zip(digests, losses, strict=False))
        current = []

        def teach_again(ctx, rows, before, trials):
            digest, loss = next(remaining)
            current[:] = [loss]
            return outputs(digest)

        def search_again(ctx, again, hard, found, at, taken):
            others.append(taken)
            return SimpleNamespace(trials=[*hard.trials, trial(next(number), current[0])])

        monkeypatch.setattr(module, "teach_again", teach_again)
        monkeypatch.setattr(module, "search_again", search_again)
        fuser = SimpleNamespace(create=lambda: SimpleNamespace(student_state=asks))
        ctx = SimpleNamespace(
            recipe=SimpleNamespace(search=SimpleNamespace(rounds=rounds or 1 + len(losses))),
            parts=SimpleNamespace(fuser=fuser),
            trainer=SimpleNamespace(fitting=SimpleNamespace(stages=("a",))),
            metric=LOG_LOSS,
            note=notes.append,
        )
        rows = SimpleNamespace(one_holdout=one_holdout)
        found = module.further_rounds(ctx, rows, outputs("a", **options), HARD, first)
        return found, notes, others

    return ran


def test_one_round_is_the_default(run):
    found, notes, _ = run([])
    assert found.found is FIRST
    assert not found.gates
    assert not notes


def test_a_round_that_pays_is_kept_and_leads_to_the_next(run):
    found, notes, others = run([0.3, 0.2])
    assert [(each.name, each.passed) for each in found.gates] == [
        ("round 2", True),
        ("round 3", True),
    ]
    assert found.outputs.training.digest == "c"
    assert min(each.log_loss for each in found.found.trials) == pytest.approx(0.2)
    # Of the rounds before, beside those on hard labels.
    assert (notes, others) == ([], [1, 2])


def test_a_round_that_does_not_pay_is_the_last(run):
    found, _, others = run([0.399, 0.1])
    assert [(each.name, each.passed) for each in found.gates] == [("round 2", False)]
    assert found.found is FIRST
    assert found.outputs.training.digest == "a"
    assert len(others) == 1


def test_where_the_teachers_say_the_same_nothing_is_searched(run):
    found, (note,), others = run([0.1], digests="a")
    assert note == "there is no round 2: the fused targets are the same"
    assert not found.gates
    assert not others


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"teaches": False}, "the teachers teach nothing"),
        ({"asks": False}, "the fuser does not look at the student (fuser.student_state)"),
        ({"one_holdout": True}, "one holdout chooses"),
        ({"pairs": object()}, "students that learn from soft targets of rows with labels"),
        ({"first": HARD}, "the best student has learned from no teacher"),
    ],
)
def test_what_ends_them_is_reported(run, options, reason):
    found, (note,), others = run([0.1], **options)
    assert note.startswith("there is no round 2: ")
    assert reason in note
    assert not found.gates
    assert not others
