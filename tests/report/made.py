"""Runs as they could have been, made in no time: a report reads what is written of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import structs

from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.gates import Gate, LossComparison
from hpmkd.evaluation.importance import ColumnImportance, Increase
from hpmkd.evaluation.intervals import model_intervals
from hpmkd.evaluation.leaderboard import Entry, build
from hpmkd.evaluation.pareto import StudentSummary
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.verdict import judge
from hpmkd.evaluation.verdict_parts import Searched
from hpmkd.knowledge.fusion import Knowledge
from hpmkd.knowledge.regime import Regime
from hpmkd.recipe.limits import Limits
from hpmkd.recipe.recipe import Recipe
from hpmkd.runs.result import Distillation

EVIL = (
    "<script>alert(1)</script>",
    "a \" onload='x' & <b> $x^2$",
    "a\nb\tc\x00d\x1b[31m",
    "\u202eevil مرحبا 漢字 🦜",
    "",
    "x" * 300,
)
GATES = (
    Gate("gbm after logistic (residual)", True, "better by 0.1"),
    Gate("collapse", False, "no better"),
)
LONG = [f"a class of number {at} with a long name" for at in range(50)]
WIN = {
    "column": "age",
    "cells": "1 … 2",
    "rows": 30,
    "teacher": "net",
    "weight": 0.7,
    "mean_weight": 0.4,
}


def trial(number, **facts):
    return {
        "number": number,
        "stage": ("logistic", "tree", "gbm")[number % 3],
        "temperature": 1.0,
        "alpha": 0.5,
        "extra_weight": 0.5,
        "hyperparameters": {},
        "after": None,
        "share": 1.0,
        "worse_by": None,
        "log_loss": 1.5 / (number + 1) + 0.1 * (number % 3),
        "standard_error": 0.01,
        "accuracy": 0.8,
        "bytes": 3000 + number,
        "row_us": 2.5,
        "seconds": 0.25,
        "failure": None,
        **facts,
    }


TRIALS = (
    *(trial(at, share=0.25) for at in range(3)),
    *map(trial, range(3, 9)),
    trial(9, log_loss=None, standard_error=None, accuracy=None, failure="plugin <x>: broke"),
    trial(10, after="logistic (residual)"),
)


def probabilities(rng, labels, k, sharpness):
    """Probabilities that lean towards the labels."""
    margins = rng.normal(size=(len(labels), k))
    margins[np.arange(len(labels)), labels] += sharpness
    exponent = np.exp(margins)
    return exponent / exponent.sum(axis=1, keepdims=True)


def contenders(records, further):
    """The students of a run to pick from, and so many that are on no leaderboard."""
    of_records = [
        StudentSummary(
            name=each.name,
            stage=each.name,
            trial=at,
            role="student",
            chosen=each.chosen,
            selection_log_loss=0.3,
            selection_accuracy=0.9,
            selection_retention=0.97,
            bytes=each.bytes,
            row_us=each.row_us,
            accuracy=each.accuracy,
            log_loss=each.log_loss,
            on_front=each.chosen,
        )
        for at, each in enumerate(records)
        if each.role == "student"
    ]
    for at in range(further):
        yield replace(
            of_records[0],
            name=f"tree-{at}",
            role="front",
            chosen=False,
            bytes=900 + at,
            accuracy=0.5,
            on_front=True,
        )
    yield from of_records


def made(
    k=3,
    classes=None,
    teachers=("forest", "net"),
    n=200,
    *,
    silent=False,
    ensemble=True,
    stages=("logistic", "tree", "gbm"),
    trials=TRIALS,
    wins=(),
    fuser=None,
    gates=GATES,
    workers=2,
    target="y",
    further=0,
    limits=None,
    columns=("age", "height", "city"),
    data="rows.csv",
):
    """Return a run of so many classes and test rows, that tells all that a run can."""
    rng = np.random.default_rng(k)
    labels = np.concatenate([np.arange(min(k, n)), rng.integers(0, k, n - min(k, n))])
    chosen = stages[-1]
    entries = []

    def footprint(n_bytes, at):
        return Footprint(n_bytes, 10.0 ** (at - 1), 10.0 ** (at + 1))

    if not silent:
        fused = probabilities(rng, labels, k, 3.0)
        entries.append(Entry("teacher", "teacher", fused, footprint(12_000_000, 5), fused=True))
        if len(teachers) > 1:
            entries += [
                Entry("teacher", name, probabilities(rng, labels, k, 2.5), footprint(10**6 + at, 4))
                for at, name in enumerate(teachers)
            ]
    for at, stage in enumerate(stages):
        facts = {
            "alpha": 0.5,
            "extra_weight": 0.5,
            "temperature": 1.0,
            "selection_log_loss": 0.3,
        }
        control, student = probabilities(rng, labels, k, 2.0), probabilities(rng, labels, k, 2.4)
        entries.append(Entry("control", stage, control, footprint(2000 * 4**at, at), **facts))
        own = stage == chosen
        entries.append(Entry("student", stage, student, footprint(2500 * 4**at, at), own, **facts))
    if ensemble:
        entries.append(
            Entry(
                "ensemble",
                "+".join(stages),
                probabilities(rng, labels, k, 2.6),
                footprint(90_000, 3),
            )
        )
    predicted = {
        "teacher": None if silent else fused,
        "control": control,
        "student": student,
    }
    predicted = {name: each for name, each in predicted.items() if each is not None}
    weights = rng.dirichlet(np.ones(len(teachers)), 300)
    verdict = judge(
        {"student": student, "best hard student": control},
        labels,
        shipped=chosen,
        control=chosen,
        is_control=False,
        regime="self",
        repeated=LossComparison(0.02, 0.004),
        searched=Searched(6, 9, 5),
        rivals={} if silent else {"teacher": fused},
        sizes={},
        seed=0,
    )
    counts = {
        "models_trained": 40,
        "teacher_fits": 10,
        "teacher_calls": 20,
        "cache_hits": 1,
        "cache_misses": 2,
        "cache_bytes": 23_700_000,
        "cache_evictions": 0,
        "cache_disk_hits": 0,
        "seconds": {"teachers": 60.0, "search": 30.123, "measure": 5.0, "total": 95.123},
        "peak_mb": 690.1,
        "workers": [{"trials": 6 - at, "seconds": 12.5 - at} for at in range(workers)],
    }
    records = tuple(build(entries, labels))
    knowledge = Knowledge(
        tuple(teachers),
        Regime("self", "the teachers are cross-fitted on the training rows"),
        tuple(float(each) for each in weights.mean(axis=0)),
        fuser or {"wins": list(wins)},
    )
    return Distillation(
        students=dict.fromkeys(stages),
        chosen=chosen,
        records=records,
        knowledge=knowledge,
        verdict=verdict,
        counts=counts,
        recipe=structs.replace(Recipe.load("hpm"), limits=Limits(**(limits or {}))),
        facts={
            "seed": 7,
            "rows": {"training": 800, "test": n},
            "columns": 5,
            "classes": list(classes) if classes is not None else list(range(k)),
            "versions": {"python": "3.12", "hpmkd": "0.1.0"},
            "search": {"ended": "sampler exhausted", "remembered": {}},
            "selection": {"rows": 800, "teacher_accuracy": 0.9},
            "left_out": [],
            "given": {
                **{"teachers": False, "test": False, "unlabeled": False},
                **{"drop": [], "keep": []},
            },
            "data": data,
            "made": "2026-12-01",
            "target": target,
            "teachers": dict.fromkeys(teachers, "cross-fitted"),
            "plugins": {"defaults": "hpmkd 0.1.0"},
        },
        gates=tuple(gates),
        recorded=tuple(trials),
        front=tuple(contenders(records, further)),
        evidence=RowDetails.gather(
            predicted,
            labels,
            list(teachers),
            weights,
            0,
            intervals=model_intervals(
                ((each.role, each.name, each.probabilities) for each in entries), labels, 0
            ),
            importance=tuple(
                ColumnImportance(
                    name,
                    Increase(0.3 / (at + 1), 0.01),
                    None if silent else Increase(0.4 / (at + 2), 0.02),
                )
                for at, name in enumerate(columns)
            ),
        ),
    )


def evil():
    """Return a run in which everything that can be named is called something nasty."""
    wins = [{**WIN, "column": name, "teacher": EVIL[0], "cells": name} for name in EVIL]
    return made(
        6,
        EVIL,
        EVIL,
        stages=(EVIL[0], EVIL[1], EVIL[3]),
        wins=wins,
        gates=[Gate(name, False, name) for name in EVIL],
        trials=[trial(at, stage=name, after=name) for at, name in enumerate(EVIL)],
        target=EVIL[0],
        columns=EVIL,
        data=EVIL[1],
    )


#: All kinds of runs, by what they are called in the names of tests.
RUNS = {
    "three classes": lambda: made(wins=[WIN], further=3),
    "two classes": lambda: made(2, ["no", "yes"]),
    "26 classes, 900 rows": lambda: made(26, [*"abcdefghijklmnopqrstuvwxyz"], n=900),
    "50 classes with long names": lambda: made(50, LONG),
    "more classes than rows": lambda: made(12, n=5),
    "one teacher": lambda: made(teachers=("forest",)),
    "a silent teacher": lambda: made(teachers=("given",), silent=True),
    "a single tree": lambda: made(stages=("tree",), ensemble=False, gates=()),
    "all trials failed but one": lambda: made(trials=[trial(0), trial(1, log_loss=None)]),
    "640 trials": lambda: made(trials=[trial(at) for at in range(640)]),
    "no trials": lambda: made(trials=()),
    "limits that are kept": lambda: made(limits={"max_size": 50_000, "max_latency": 50.0}),
    "limits that are broken": lambda: made(limits={"max_size": 9000, "min_retention": 0.99}),
    "nasty names": evil,
}
