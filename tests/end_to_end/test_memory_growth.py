"""No object of a run grows with the square of the rows."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: n × n bytes are 576 MB; the run may take 400 MB beyond what its imports take.
PROGRAM = """
import resource
import numpy as np
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
import hpmkd

n = 24_000
settings = {
    "memory": "none", "sampler.trials": 1, "stages": ["logistic", "gbm"], "ensemble.top": 0,
    "front.size": 0, "fuser.gated": False, "extra.until": 1_000_000, "extra.rows": 0.1,
    "search.alphas.self": [0.0, 0.5], "split.folds_until": 1000,
}
X, y = make_classification(n, 6, random_state=0)
teachers = {"bayes": GaussianNB(), "tree": DecisionTreeClassifier(max_depth=5)}
hpmkd.distill(X[:300], y[:300], teacher=teachers, settings=settings)  # compiled and imported

with open("/proc/self/status") as file:
    used = next(int(line.split()[1]) for line in file if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 400_000_000, resource.RLIM_INFINITY))
try:
    np.ones((n, n), dtype=np.uint8)
except MemoryError:
    print("no square")
found = hpmkd.distill(X, y, teacher=teachers, settings=settings)
print(found.knowledge.fuser["gate"]["accepted"], found.knowledge.extra_rows["synthetic"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_run_has_no_room_for_a_square_and_needs_none():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    # Neighbours were looked for, both by the fuser and by what makes rows.
    assert run.stdout.split("\n")[:2] == ["no square", "True 1920"]
