"""Signals to a real run: it ends soon, whatever it is at, and says how to go on."""

import os
import signal

import pytest

STUCK = '''
import hashlib
import os

from sklearn.tree import DecisionTreeClassifier


class Stuck(DecisionTreeClassifier):
    """In its second fit, a computation of many minutes that does not hear of signals."""

    def fit(self, X, y):
        with open(os.environ["WITNESS"], "a") as log:
            log.write("begin\\n")
        if sum(1 for _ in open(os.environ["WITNESS"])) == 2:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
        return super().fit(X, y)
'''


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_does_not_come_back_to_python_is_ended_all_the_same(runs, number, code):
    (runs.folder / "stuck.py").write_text(STUCK)
    process = runs.start("--out", "run", teacher="stuck:Stuck")
    with process:
        runs.await_lines(process, 2)
        process.send_signal(number)
        # Whoever is impatient does no harm.
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "stopped; finished: 1 fold\n" in err
    assert err.rstrip().endswith("--resume run")
    assert os.listdir(runs.folder / "run") == ["journal"]
