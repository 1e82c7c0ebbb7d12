from __future__ import annotations

import json
import re

import msgspec
import numpy as np
import pytest

from hpmkd.evaluation.bootstrap import Difference
from hpmkd.evaluation.gates import LossComparison
from hpmkd.evaluation.metrics.of_all_rows import Auc
from hpmkd.evaluation.metrics.per_row import Accuracy
from hpmkd.evaluation.verdict import Verdict, judge
from hpmkd.evaluation.verdict_parts import Comparison, Searched
from hpmkd.evaluation.verdict_texts import of_comparisons
from hpmkd.kernels import soften
from hpmkd.values import Decisions, Threshold


@pytest.fixture(scope="module")
def problem():
    """Return labels drawn from known probabilities of three classes."""
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([0.6, 0.6, 0.6], 600)
    labels = np.array([rng.choice(3, p=row) for row in truth])
    return truth, labels


def blurred(truth, seed, noise=0.7):
    """Return probabilities that know less, and are calibrated about as well."""
    rng = np.random.default_rng(seed)
    logits = np.log(truth + 1e-3) + rng.normal(0, noise, truth.shape)
    predicted = np.exp(logits)
    return predicted / predicted.sum(axis=1, keepdims=True)


CLEAR, UNCLEAR = LossComparison(0.02, 0.004), LossComparison(0.002, 0.004)


def judged(labels, arms, is_control=False, seed=0, repeated=CLEAR, **more):
    given = {"searched": Searched(6, 9, 5), "rivals": {}, "sizes": {}, **more}
    return judge(
        arms,
        labels,
        shipped="gbm",
        control="network",
        is_control=is_control,
        regime="self",
        repeated=repeated,
        seed=seed,
        **given,
    )


def pair(student, hard, **more):
    return {"student": student, "best hard student": hard, **more}


# ------------------------------------------------------------------------- outcome


def test_a_student_that_knows_more_pays_by_knowledge(problem):
    truth, labels = problem
    verdict = judged(labels, pair(truth, blurred(truth, 1)))
    assert verdict.outcome == "pays"
    (compared,) = verdict.comparisons
    assert compared.against == "best hard student"
    assert compared.plain.delta_log_loss == verdict.delta_log_loss
    assert compared.calibrated.outcome == "pays"
    assert "not only calibration" in verdict.notes[-1]
    assert (verdict.shipped, verdict.control) == ("gbm", "network")
    assert verdict.warnings == ()


@pytest.mark.parametrize(
    ("repeated", "outcome", "note"),
    [
        (CLEAR, "pays", "gains +0.0200 with a standard error of 0.0040"),
        (LossComparison(0.004, 0.004), "pays", "gains +0.0040"),
        (UNCLEAR, "no difference", "what the test rows show may be luck"),
        (LossComparison(0.0, 0.0), "no difference", "may be luck"),
        (LossComparison(-0.01, 0.001), "no difference", "may be luck"),
        (LossComparison(0.0, np.inf), "no difference", "the test rows alone prove nothing"),
        (None, "no difference", "the test rows alone prove nothing"),
    ],
)
def test_it_pays_only_where_the_choice_would_come_out_again(problem, repeated, outcome, note):
    truth, labels = problem
    verdict = judged(labels, pair(truth, blurred(truth, 1)), repeated=repeated)
    assert verdict.interval[1] < 0
    assert verdict.outcome == outcome
    assert note in verdict.notes[1]
    assert (outcome == "pays") != ("]); the interval excludes 0, but repeated" in verdict.sentence)


def test_it_does_not_pay_where_the_test_rows_do_not_confirm_it(problem):
    truth, labels = problem
    verdict = judged(labels, pair(blurred(truth, 1), blurred(truth, 2)))
    low, high = verdict.interval
    assert low < 0 < high
    assert verdict.outcome == "no difference"
    assert "the test rows do not confirm it" in verdict.notes[1]
    assert "excludes 0" not in verdict.sentence


@pytest.mark.parametrize("repeated", [CLEAR, UNCLEAR, None])
def test_a_worse_student_hurts_whatever_the_selection_rows_say(problem, repeated):
    truth, labels = problem
    verdict = judged(labels, pair(blurred(truth, 1), truth), repeated=repeated)
    assert verdict.outcome == "hurts"
    assert verdict.notes[0] == verdict.warnings[0]
    assert verdict.warnings[0].startswith(
        f"Warning: the student is worse than the best hard one: {verdict.delta_log_loss:+.4f}"
    )


@pytest.mark.parametrize(
    ("soft", "stopped", "why"),
    [
        (6, None, "The selection rows chose hard labels, so it is its own control."),
        (0, None, "No student had a teacher, so it is its own control."),
        (0, "it was worse", "No student had a teacher: it was worse. The student is its own"),
    ],
)
def test_a_hard_student_that_ships_is_its_own_control(problem, soft, stopped, why):
    truth, labels = problem
    searched = Searched(soft, 9, 5)
    verdict = judged(
        labels, pair(truth, truth), is_control=True, searched=searched, stopped=stopped
    )
    assert verdict.outcome == "no difference"
    assert verdict.interval == (0, 0)
    assert why in verdict.sentence
    assert Verdict.from_mapping(json.loads(json.dumps(verdict.to_mapping()))) == verdict
    assert verdict.comparisons == ()
    assert len(verdict.notes) == 1
    assert verdict.notes[0].startswith("Searched" if soft == 0 else "Hard students were searched")


# ------------------------------------------------------------------------- why


def test_the_same_student_sharpened_pays_by_calibration_alone(problem):
    truth, labels = problem
    overconfident = soften(truth, 0.4)
    verdict = judged(labels, pair(truth, overconfident))
    assert verdict.outcome == "pays"
    assert verdict.comparisons[0].calibrated.outcome == "no difference"
    assert "mostly calibration" in verdict.notes[-1]
    student, hard = verdict.arms
    assert hard.temperature / student.temperature == pytest.approx(1 / 0.4, rel=0.02)
    assert hard.calibrated_log_loss == pytest.approx(student.calibrated_log_loss, abs=1e-5)
    assert hard.log_loss > hard.calibrated_log_loss


@pytest.mark.parametrize(
    ("repeated", "first", "second"),
    [
        (CLEAR, "the gain is mostly calibration", "that calibration comes from the teacher, not"),
        (UNCLEAR, "what the test rows show is mostly calibration", "Against self-distillation: -"),
    ],
)
def test_no_two_notes_contradict_each_other(problem, repeated, first, second):
    truth, labels = problem
    arms = pair(truth, soften(truth, 0.4), **{"own labels": blurred(truth, 3)})
    *_, calibration, own = judged(labels, arms, repeated=repeated).notes
    assert calibration.endswith(first)
    assert second in own
    assert ("comes from the teacher" in own) == (repeated is CLEAR)
    assert own.endswith("]") == (repeated is UNCLEAR)


def test_without_a_gain_the_figures_at_the_best_temperatures_stand_alone():
    plain = Difference("no difference", -0.02, (-0.05, 0.01))
    calibrated = Difference("pays", -0.03, (-0.05, -0.01))
    compared = Comparison("best hard student", plain, calibrated)
    (note,) = of_comparisons("no difference", [compared])
    assert note == f"With the best temperature for each: {calibrated}"


@pytest.mark.parametrize(
    ("own", "note"),
    [
        ("worse", "Against self-distillation: -"),
        ("same", "cannot tell the teacher from label smoothing"),
        ("better", "its own"),
    ],
)
def test_own_labels_tell_knowledge_from_smoothing(problem, own, note):
    truth, labels = problem
    student, hard = blurred(truth, 1, 0.4), blurred(truth, 2)
    own = {"worse": blurred(truth, 3), "same": student, "better": truth}[own]
    verdict = judged(labels, pair(student, hard, **{"own labels": own}))
    assert [each.against for each in verdict.comparisons] == ["best hard student", "own labels"]
    assert note in verdict.notes[-1]


def test_the_twin_is_shown_beside_and_decides_nothing(problem):
    truth, labels = problem
    student, hard, twin = blurred(truth, 1), blurred(truth, 2), blurred(truth, 3, 2.0)
    verdict = judged(labels, pair(student, hard, **{"hard twin": twin}))
    assert verdict.outcome == "no difference"
    assert [each.name for each in verdict.arms] == ["student", "best hard student", "hard twin"]
    assert verdict.comparisons[-1].plain.outcome == "pays"
    assert verdict.notes[-1].startswith("Against the same student on hard labels: -")


@pytest.mark.parametrize(
    ("searched", "note"),
    [
        (Searched(6, 9, 5), "at least as carefully: 9 hard and 6 soft candidates in 5 folds"),
        (Searched(9, 9, 1), "at least as carefully: 9 hard and 9 soft candidates on one holdout"),
        (Searched(9, 3, 5), "less: 3 hard and 9 soft candidates in 5 folds; a gain may come"),
        (Searched(0, 9, 5), "9 hard candidates in 5 folds, and none that had a teacher"),
    ],
)
def test_the_candidates_are_counted(problem, searched, note):
    truth, labels = problem
    verdict = judged(labels, pair(truth, blurred(truth, 1)), searched=searched)
    assert note in verdict.notes[0]
    assert verdict.searched == searched


# ------------------------------------------------------------------------- warnings


def test_it_warns_of_whom_the_student_is_worse_than(problem):
    truth, labels = problem
    student, shares = blurred(truth, 1, 3.0), np.tile(np.bincount(labels) / len(labels), (600, 1))
    rivals = {
        "class shares": shares,
        "teacher": truth,
        "forest": truth,
        "boosted": blurred(truth, 5, 3.0),
        "logistic": blurred(truth, 2, 0.3),
    }
    verdict = judged(labels, pair(student, blurred(truth, 3, 3.0)), rivals=rivals)
    shown, single = verdict.warnings
    assert verdict.notes[:2] == verdict.warnings
    assert shown.startswith("Warning: the student is worse than always answering with the class")
    assert single.startswith("Warning: the student is worse than single teachers: forest by ")
    assert "logistic by " in single
    assert "boosted" not in single
    # That the fused teacher is better is no reason to warn of the student.
    assert "teacher by" not in single
    gap = verdict.arms[0].log_loss + np.log(truth[np.arange(600), labels]).mean()
    assert f"forest by {gap:.4f}" in single


def test_a_hard_student_that_ships_is_warned_of_too(problem):
    truth, labels = problem
    student, shares = blurred(truth, 1, 3.0), np.tile(np.bincount(labels) / len(labels), (600, 1))
    verdict = judged(
        labels, pair(student, student), is_control=True, rivals={"class shares": shares}
    )
    assert len(verdict.warnings) == 1


# ------------------------------------------------------------------------- the sentence

SIZES = {"student": 20_000.0, "control": 30_000.0, "teacher": 8_000_000.0}


def test_a_sentence_says_what_to_ship_what_the_teacher_was_worth_and_what_size_buys(problem):
    truth, labels = problem
    student = blurred(truth, 4, 0.4)
    verdict = judged(
        labels, pair(student, blurred(truth, 1)), rivals={"teacher": truth}, sizes=SIZES
    )
    one, other = (each.log_loss for each in verdict.arms)
    teacher = -np.log(truth[np.arange(600), labels]).mean()
    low, high = verdict.interval
    assert verdict.sentence == (
        f"Ship gbm (20.0 KB): log loss {one:.4f} on 600 test rows, {other - one:.4f} below the "
        "best hard student, network (30.0 KB). That is what the teacher is worth (95 % interval "
        f"{-high:.4f} to {-low:.4f}). The teacher itself is about 400 times larger and "
        f"{one - teacher:.4f} better."
    )


def test_what_is_not_known_is_left_out(problem):
    truth, labels = problem
    verdict = judged(labels, pair(truth, blurred(truth, 1)))
    assert verdict.sentence.startswith("Ship gbm: log loss ")
    assert verdict.sentence.endswith(").")
    assert "teacher itself" not in verdict.sentence
    alone = judged(labels, pair(truth, blurred(truth, 1)), sizes=SIZES)
    assert alone.sentence.endswith("The teacher itself is about 400 times larger.")


@pytest.mark.parametrize(
    ("noise", "size", "said"),
    [
        (3.0, 8e6, r"is about 400 times larger and \d\.\d{4} worse\."),
        (0.7, 4e4, r"is about 2 times larger and about as good\."),
        (0.7, 25_555, r"is about as large and about as good\."),
        (0.7, 1e4, r"is about 2 times smaller and about as good\."),
    ],
)
def test_a_teacher_is_compared_with_in_words(problem, noise, size, said):
    truth, labels = problem
    verdict = judged(
        labels,
        pair(blurred(truth, 1), blurred(truth, 2)),
        rivals={"teacher": blurred(truth, 3, noise)},
        sizes={**SIZES, "teacher": size},
    )
    assert re.search(said, verdict.sentence)
    assert "It is not clear that the teacher is worth anything: the best hard" in verdict.sentence


def test_where_it_hurts_the_hard_student_is_what_to_ship(problem):
    truth, labels = problem
    verdict = judged(labels, pair(blurred(truth, 1), truth), sizes=SIZES)
    hard = verdict.arms[1].log_loss
    assert verdict.sentence.startswith(
        f"Ship the best hard student, network (30.0 KB): log loss {hard:.4f} on 600 test"
    )
    assert f"is {verdict.delta_log_loss:.4f} worse" in verdict.sentence


# ------------------------------------------------------------------------- to JSON and back


@pytest.mark.parametrize("repeated", [CLEAR, None, LossComparison(0.0, np.inf)])
def test_it_goes_to_json_and_back(problem, repeated):
    truth, labels = problem
    verdict = judged(
        labels,
        pair(blurred(truth, 1), blurred(truth, 2), **{"own labels": blurred(truth, 3)}),
        repeated=repeated,
        rivals={"forest": truth},
    )
    assert verdict.warnings
    plain = json.loads(json.dumps(verdict.to_mapping(), allow_nan=False))
    assert list(plain)[:5] == ["outcome", "delta_log_loss", "interval", "regime", "sentence"]
    assert Verdict.from_mapping(plain) == verdict


def test_a_mapping_that_is_no_verdict_is_refused(problem):
    truth, labels = problem
    plain = judged(labels, pair(truth, blurred(truth, 1))).to_mapping()
    for wrong in ({**plain, "outcome": "great"}, {**plain, "interval": [0.0]}, {}):
        with pytest.raises(msgspec.ValidationError):
            Verdict.from_mapping(wrong)


def test_certain_and_wrong_probabilities_are_judged():
    predicted = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    verdict = judged(np.array([0, 1, 1]), pair(predicted, predicted[:, ::-1].copy()))
    assert np.isfinite([arm.log_loss for arm in verdict.arms]).all()
    assert np.isfinite([arm.calibrated_log_loss for arm in verdict.arms]).all()


# --------------------------------------------------------------- another metric than log loss


def test_another_metric_decides_with_log_loss_beside_it(problem):
    truth, labels = problem
    # As well calibrated as can be, and in another order: it knows less, by AUC alone.
    worse = blurred(truth, 1)
    verdict = judged(labels, pair(truth, worse), metric=Auc())
    own = verdict.by_metric
    assert (verdict.outcome, own.metric) == ("pays", "auc")
    assert own.student == pytest.approx(1 - Auc().loss(labels, truth))
    assert own.change == pytest.approx(own.student - own.control)
    assert 0 < own.interval[0] < own.change < own.interval[1]
    assert verdict.delta_log_loss < 0
    assert re.search(
        r"Ship gbm: AUC 0\.\d{4} \(log loss 0\.\d{4}\) on 600 test rows, 0\.\d{4} above the best "
        r"hard student, network\. That is what the teacher is worth",
        verdict.sentence,
    )
    hurts = judged(
        labels, pair(worse, truth), metric=Auc(), rivals={"teacher": truth, "mlp": truth}
    )
    assert hurts.outcome == "hurts"
    assert "Ship the best hard student, network: AUC" in hurts.sentence
    assert hurts.warnings[0].startswith("Warning: the student is worse than the best hard one: -0.")
    assert hurts.warnings[1].endswith(" AUC")


def test_what_pays_in_log_loss_need_not_pay_by_the_metric(problem):
    truth, labels = problem
    overconfident = soften(truth, 0.3)
    assert judged(labels, pair(truth, overconfident)).outcome == "pays"
    by_decisions = judged(labels, pair(truth, overconfident), metric=Accuracy())
    assert by_decisions.outcome == "no difference"
    assert by_decisions.delta_log_loss < 0


def test_the_threshold_of_a_rare_class_is_written_and_read_back(problem):
    truth, labels = problem
    half, best = Decisions(0.214, 0.78, 0.33), Decisions(0.55, 0.49, 0.52)
    threshold = Threshold("yes", 0.03, 0.1834, "F1", half, best)
    verdict = judged(labels, pair(truth, blurred(truth, 1)), metric=Auc(), threshold=threshold)
    assert (
        "The class 'yes' is rare (3.0% of the selection rows): at the threshold .5 its recall is "
        "0.21 and its precision 0.78; at 0.183 they are 0.55 and 0.49, and its F1 is 0.52 instead "
        "of 0.33: hpmkd predict --threshold best"
    ) in verdict.notes
    assert Verdict.from_mapping(json.loads(json.dumps(verdict.to_mapping()))) == verdict
