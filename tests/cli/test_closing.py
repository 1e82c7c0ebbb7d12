"""The last lines of a run: verdict, cost, and what to type next."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from hpmkd.cli.output.closing import next_commands, print_closing
from hpmkd.evaluation.pareto import StudentSummary
from hpmkd.recipe.recipe import Recipe

SHIPPED = StudentSummary(
    name="gbm",
    stage="gbm",
    trial=3,
    role="student",
    chosen=True,
    selection_log_loss=0.09,
    selection_accuracy=0.95,
    selection_retention=0.99,
    bytes=40_020,
    row_us=3.0,
    accuracy=0.95,
    log_loss=0.08,
)
CONTROL = replace(SHIPPED, name="gbm-2-94", role="control", chosen=False, selection_log_loss=0.1)
SMALL = replace(SHIPPED, name="logistic", stage="logistic", chosen=False, bytes=1932)
TINY = replace(SMALL, name="tree", stage="tree", bytes=786, selection_log_loss=0.3)


def run(front=(SHIPPED, CONTROL, SMALL, TINY), outcome="pays", control="gbm"):
    warning = "Warning: worse than mlp"
    return SimpleNamespace(
        front=front,
        verdict=SimpleNamespace(
            outcome=outcome,
            sentence="Ship gbm (40.0 KB).",
            control=control,
            notes=(warning, "Searched as carefully"),
            warnings=(warning,),
        ),
        counts={
            "models_trained": 62,
            "teacher_fits": 15,
            "teacher_calls": 60,
            "seconds": {"total": 34.61},
            "peak_mb": 605.9,
        },
        recipe=Recipe.load("hpm"),
    )


def test_they_say_what_to_ship_why_what_it_cost_and_what_next(capsys):
    print_closing(run(), Path("runs/my data-1"))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "Verdict: pays. Ship gbm (40.0 KB).",
        "  Warning: worse than mlp.",
        "  Searched as carefully.",
        "Cost: 62 of at most 80 models trained, 15 teacher fits, 60 teacher calls, 34.6 s, "
        "peak memory 606 MB",
        "Written to runs/my data-1. Next:",
        "  hpmkd predict 'runs/my data-1' DATA         predictions for new rows",
        "  hpmkd report 'runs/my data-1'               the run as a page that opens offline",
        "  hpmkd pick 'runs/my data-1' --max-size 2KB  a smaller student: logistic, 1.9 KB, log "
        "loss 0.0900 on the selection rows",
        "  hpmkd export 'runs/my data-1' --to c        a file that needs no hpmkd (or python, js, "
        "sql, …)",
    ]


def test_a_student_that_breaks_the_limits_is_not_shipped_silently(capsys):
    found = run()
    limits = {"limits.max_size": 100, "limits.max_latency": 9.0}
    found.recipe = found.recipe.with_options(limits, None, None)
    print_closing(found, Path("r"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  Warning: gbm breaks the limits of this run: expected at most 100B."


@pytest.mark.parametrize(
    ("control", "named"), [("gbm", "gbm-2-94"), ("logistic", "logistic"), ("gbm-2-94", "gbm-2-94")]
)
def test_where_the_control_is_to_be_shipped_the_commands_name_it(control, named):
    commands = [each for each, _ in next_commands(run(outcome="hurts", control=control), Path("r"))]
    assert commands[0] == f"hpmkd predict r DATA --student {named}"
    assert commands[-1] == f"hpmkd export r --student {named} --to c"


def test_without_a_much_smaller_student_none_is_suggested():
    commands = [each for each, _ in next_commands(run(front=(SHIPPED, CONTROL)), Path("r"))]
    assert [re.split(" ", each)[1] for each in commands] == ["predict", "report", "export"]
