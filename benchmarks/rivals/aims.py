"""The aims of whole runs, what was measured, and by how much one is missed."""

from __future__ import annotations

from benchmarks.common.pages import table
from benchmarks.rivals.compare import OURS, REAL, SINGLE, Whole
from benchmarks.students.aims import Aim, pair
from benchmarks.students.compare import RIVAL


def lost(arm: str):
    """Return a function to the share of draws that an arm does not win against the rival."""

    def share(draws: Whole) -> float:
        won, pairs = draws.won(arm, RIVAL)
        return 1 - won / pairs if pairs else float("nan")

    return share


def ratio(arm: str, what: str):
    """Return a function to the size or cost of an arm relative to the rival's, mean over sets."""
    return lambda draws: draws.ratio(arm, RIVAL, what).mean()


CPU_AIM = 2.0
AIMS = [
    *pair("what ships", OURS, -0.05, -0.03),
    Aim("… not won", lost(OURS), 0.25, ".0%"),
    Aim("… bytes against the rival's UBJ", ratio(OURS, "bytes"), 0.1, ".3f"),
    *pair("one student only", SINGLE, -0.03, -0.02),
    *pair("what ships, with n or more real rows", REAL, -0.08, -0.04),
    Aim("what ships, the worst set", lambda draws: draws.relative(OURS, RIVAL).max(), 0.02),
    Aim("CPU of the run / of the rival", ratio(OURS, "seconds"), CPU_AIM, ".2f"),
    Aim("models trained, at most", lambda draws: draws.values(OURS, "models").max(), 80, ".0f"),
    Aim("… proposal", lambda draws: draws.values("proposal", "models").max(), 80, ".0f"),
    Aim("regret of the choice / before", lambda draws: draws.regret_ratio(), 0.5, ".2f"),
]


def aims(draws: Whole) -> str:
    """Return every aim, what was measured, and whether it is reached."""
    header = ["log loss relative to the rival's, unless it says otherwise", "aim", "measured", ""]
    return table(header, [aim.row(draws) for aim in AIMS])
