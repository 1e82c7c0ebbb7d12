"""Picking again, and what is reported where none keeps the limits."""

from __future__ import annotations

import pytest

from hpmkd.errors import LimitsError
from hpmkd.evaluation.pareto import StudentSummary
from hpmkd.evaluation.ranking import TrialRanking
from hpmkd.evaluation.selection import pick, refusal, unmet
from hpmkd.recipe.limits import Limits


def contender(name, loss, n_bytes, row_us=1.0, retention=1.0, chosen=False):
    return StudentSummary(
        name=name,
        stage=name.split("-")[0],
        trial=0,
        role="student",
        selection_log_loss=loss,
        selection_accuracy=retention * 0.9,
        selection_retention=retention,
        bytes=n_bytes,
        row_us=row_us,
        chosen=chosen,
        accuracy=0.9,
        log_loss=0.2,
    )


GBM = contender("gbm", 0.1, 40_000, 9.0, 1.01, chosen=True)
LINE = contender("logistic", 0.2, 2_000, 2.0, 0.97)
TREE = contender("tree", 0.4, 800, 1.0, 0.9)
ALL = (GBM, LINE, TREE)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(), "gbm"),
        (Limits(max_size=40_000), "gbm"),
        (Limits(max_size=39_999), "logistic"),
        (Limits(max_latency=1.5), "tree"),
        (Limits(max_size=5_000, min_retention=0.95), "logistic"),
    ],
)
def test_the_lowest_log_loss_within_the_limits_is_picked(limits, name):
    assert pick(ALL, limits).name == name


def test_ties_go_to_the_choice_of_the_run_then_to_the_smaller():
    same = [contender("a", 0.1, 500), contender("b", 0.1, 400), contender("c", 0.1, 900)]
    assert pick(same, Limits()).name == "b"
    chosen = contender("d", 0.1, 999, chosen=True)
    assert pick([*same, chosen], Limits()).name == "d"


def test_the_error_names_the_nearest_student_and_the_command():
    with pytest.raises(LimitsError) as caught:
        pick(ALL, Limits(max_size=900, max_latency=1.5, min_retention=0.95), "runs/x")
    assert caught.value.exit_code == 10
    assert str(caught.value).splitlines() == [
        "no student keeps --max-size 900B --max-latency 1.5us --min-retention 0.95. Of 3 students, "
        "1 keeps at most 900B, 1 keeps at most 1.5us per row, 2 keep a retention of at least 0.95, "
        "1 keeps size and latency, none keeps size and retention, none keeps latency and "
        "retention, none keeps all three.",
        "Nearest students, and the commands that pick them without training again:",
        "  highest retention: gbm, 40.0 KB, 9.00 us per row, retention 1.0100, log loss 0.1000",
        "    hpmkd pick runs/x --max-size 40KB --max-latency 9us --min-retention 0.95",
        "  breaks only the retention limit, smallest, fastest: tree, 0.8 KB, 1.00 us per row, "
        "retention 0.9000, log loss 0.4000",
        "    hpmkd pick runs/x --max-size 900B --max-latency 1.5us --min-retention 0.9",
    ]


def test_of_those_that_miss_one_limit_alone_the_nearest_is_told():
    further = contender("gbm-7", 0.15, 30_000, 5.0, 0.99)
    with pytest.raises(LimitsError) as caught:
        pick([GBM, further, LINE, TREE], Limits(max_size=1500, min_retention=0.95))
    assert "  breaks only the size limit: logistic, 2.0 KB" in str(caught.value)
    assert '    found.pick(max_size="2KB", min_retention=0.95)' in str(caught.value)
    assert "gbm-7" not in str(caught.value)


def test_what_to_type_is_quoted_for_the_shell():
    with pytest.raises(LimitsError, match=r"\n    hpmkd pick 'r/my run' --max-size 40KB"):
        pick(ALL, Limits(max_size=700), "r/my run")


def test_a_limit_that_nobody_keeps_is_to_blame_alone():
    figures = [each.metrics for each in ALL]
    message = refusal(Limits(max_size=10, max_latency=2.0), figures, "trials", ALL, "DIR")
    assert "Of 3 trials, none keeps at most 10B, 2 keep at most 2us per row.\n" in message


def test_what_is_typed_picks_the_one_that_it_stands_for():
    limits = Limits(max_size=10, max_latency=0.1, min_retention=1.5)
    for each in ALL:
        assert not limits.loosened(each.metrics).broken(each.metrics)


class TestOfARun:
    trials = (
        {
            "log_loss": 0.1,
            "bytes": 900,
            "row_us": 1.0,
            "accuracy": 0.9,
            "share": 1.0,
            "worse_by": None,
        },
        {
            "log_loss": 0.1,
            "bytes": 10,
            "row_us": 1.0,
            "accuracy": 0.9,
            "share": 0.3,
            "worse_by": None,
        },
        {
            "log_loss": None,
            "bytes": None,
            "row_us": None,
            "accuracy": None,
            "share": 1.0,
            "worse_by": None,
        },
    )

    def of(self, limits):
        failures = (None, None, "plugin 'x': broke")
        history = [
            {**each, "failure": why} for each, why in zip(self.trials, failures, strict=True)
        ]
        return unmet([GBM, TREE], history, TrialRanking(limits, 0.9), "DIR")

    def test_nothing_is_said_where_the_choice_keeps_the_limits(self):
        assert self.of(Limits(max_size=40_000)) is None

    def test_trials_are_counted_that_might_have_won(self):
        assert "Of 1 trials, none keeps at most 500B.\n" in self.of(Limits(max_size=500))

    def test_trials_within_limits_that_grow_out_of_them_are_told(self):
        message = self.of(Limits(max_size=1000))
        assert (
            "1 keeps at most 1KB; fitted on all rows, none of those that may win does.\n" in message
        )
