"""A plugin whose stages do to a run what the world does, given in Python or installed."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from hpmkd import Offer, hookimpl
from hpmkd_defaults.stages.tree import TreeStage

#: A folder in which each process leaves a mark before it does something it cannot do twice.
MARKS = "HPMKD_TEST_MARKS"


def first_time(name):
    """Whether this is the first call, in any process."""
    try:
        (Path(os.environ[MARKS]) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def is_worker():
    """Whether this is no process of pytest or of the command line: those must live."""
    return os.environ.get("HPMKD_TEST_PARENT") != str(os.getpid())


class Stage(TreeStage):
    """A tree, but for what happens before."""

    def fit(self, inputs):
        if is_worker():
            self.happen(inputs)
        return super().fit(inputs)

    def happen(self, inputs):
        """Nothing."""


class KilledOnce(Stage):
    def happen(self, inputs):
        if first_time("killed"):
            kill()


class Killed(Stage):
    def happen(self, inputs):
        kill()


class Exits(Stage):
    def happen(self, inputs):
        os._exit(3)


class Raises(Stage):
    def happen(self, inputs):
        raise RecursionError("too deep")


class Leaves(Stage):
    def happen(self, inputs):
        sys.exit("done")


class Hangs(Stage):
    def happen(self, inputs):
        time.sleep(120)


class Rude(Stage):
    """Prints, and leaves its process in another state than it was in."""

    def happen(self, inputs):
        print("a plugin prints")
        os.write(1, b"a plugin writes\n")
        os.chdir("/")
        np.random.seed(0)  # noqa: NPY002
        warnings.simplefilter("error")
        os.environ["OMP_NUM_THREADS"] = "7"


class Unsendable:
    """A student that no process can send to another."""

    def __init__(self, student):
        self._student, self._open = student, (each for each in ())
        self.classes_, self.encoder = student.classes_, student.encoder

    def predict_proba(self, table):
        return self._student.predict_proba(table)

    def to_bytes(self):
        return self._student.to_bytes()


class Stuck(Stage):
    def fit(self, inputs):
        return Unsendable(super().fit(inputs))


STAGES = {
    each.__name__.lower(): each
    for each in (Stage, KilledOnce, Killed, Exits, Raises, Leaves, Hangs, Rude, Stuck)
}


@hookimpl
def hpmkd_stages():
    return [Offer(name, stage, stage.__name__) for name, stage in STAGES.items()]
