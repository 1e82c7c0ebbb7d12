"""What a whole run would send to worker processes: nothing large twice, and small bodies."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import hpmkd
from hpmkd.execution.toolkit.sharing import LEAST, Names, pack
from hpmkd_defaults.executors.serial import SerialExecutor

SETTINGS = {
    "memory": "none",
    "extra.rows": 2.0,
    "sampler.trials": 1,
    "split.folds": 2,
    "stages": ["logistic", "tree"],
}


def mixed_rows(n):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n, 3)).round(3), columns=["a", "b", "c"])
    frame["city"] = rng.choice(["Oslo", "Lima", None], n)
    return frame, (frame["a"] + rng.normal(size=n) > 0).to_numpy()


def test_nothing_large_is_sent_twice(monkeypatch):
    """Equal things in two objects would be: the maker of batches must keep what it made."""
    names, held, sent, bodies = Names(), [], {}, {}
    serially = SerialExecutor.run

    def name_of_piece(piece):
        held.append(piece)
        name, new = names.of(piece)
        if new:
            sent[name] = hashlib.sha256(pickle.dumps(piece)).hexdigest()
        return name

    def run(self, function, shared, tasks, **options):
        job = tasks[0][0].__name__
        # Students that are cross-fitted for others run in one batch, on rows of its own.
        if job != "predict_held_out":
            sizes = [len(pack(each, name_of_piece)) for each in (shared, *tasks)]
            bodies.setdefault(job, []).append(sum(sizes))
        yield from serially(self, function, shared, tasks, **options)

    monkeypatch.setattr(SerialExecutor, "run", run)
    rows, labels = mixed_rows(1500)
    teacher = [LogisticRegression(max_iter=200), KNeighborsClassifier(9)]
    hpmkd.distill(rows, labels, teacher=teacher, settings=SETTINGS)
    assert len(sent) > 5
    assert len({*sent.values()}) == len(sent)
    assert {*bodies} >= {"fit_fold", "evaluate", "refit"}
    assert len(bodies["evaluate"]) > 2
    # 1500 rows of anything are 12 kB: what is smaller than a piece is all that is left.
    assert max(max(sizes) for sizes in bodies.values()) < 10 * LEAST
