"""The page of the benchmark of students."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.common.pages import filled, number, table
from benchmarks.students.aims import aims
from benchmarks.students.candidates import TARGETS
from benchmarks.students.choices import HALF, POOLED, SHORT
from benchmarks.students.compare import RIVAL, Draws

PAGE = Path(__file__).with_name("page.md")
MAIN = 2000

#: The label of a line of a table, and its arm.
EACH_ALONE = {
    "8 leaves, K trees a round, hard labels, all rows and columns": "trees 8 plain, fixed rounds",
    "… the stage's default of sampling": "trees 8 hard, fixed rounds",
    "… 70 % of rows and of columns": "alone rows and columns",
    "… rounds from the path": "trees 8 plain",
    "… vector leaves (K > 2)": "alone vector",
    "… alpha .5 on rows with labels": "alone soft",
    "… made rows": "alone made",
    "… real rows": "alone real",
}
TOGETHER = {
    "fused teachers": "teachers",
    "K trees a round, hard labels, 150 rounds": "best of trees plain, fixed rounds",
    "… rounds from the path": "best of trees plain",
    "… rows or columns sampled": "best of trees hard, fixed rounds",
    "… both": "best of trees hard",
    "boosters, hard labels: the control": "best of boosters hard",
    "boosters of 8 leaves, alpha .5 on rows with labels": "best of boosters soft",
    "boosters, hard labels + made rows": "best of boosters made",
    "boosters, hard labels + real rows": "best of boosters real",
    "logistic, hard labels": "logistic hard",
    "network, hard labels": "network hard",
    "network, alpha .5": "network soft",
    "network, hard labels + made rows": "network made",
    "network, alpha .5 + made rows": "network soft made",
    "network, hard labels + real rows": "network real",
    "single, hard labels": "best of hard",
    "single, made rows": "best of made",
    "single, real rows": "best of real",
    "pool of three, hard labels": "pool of hard",
    "pool of three, made rows": "pool of made",
    "pool of three, real rows": "pool of real",
    "linear pool of three, hard labels": "linear pool of hard",
    "linear pool of three, made rows": "linear pool of made",
    "linear pool of three, real rows": "linear pool of real",
}
CHOSEN = {name: arm for name, arm in TOGETHER.items() if name.startswith(("single", "pool"))}
#: Arms that the findings of the page name.
FOUND = {
    f"{kind}_{group}": f"{arm} of {group}"
    for kind, arm in (("single", "best"), ("pool", "pool"))
    for group in POOLED
} | {f"network_{target}": f"network {target}" for target in TARGETS}
CONTROL_NAME, CONTROL = "boosters, hard labels: the control", "best of boosters hard"


def report(frame: pd.DataFrame, done: int, wanted: int) -> str:
    """Return the page about the lines of :meth:`Answers.frame`: so many draws of those wanted."""
    draws = {rows: Draws(part) for rows, part in frame.groupby("rows", sort=False)}
    main = draws.get(MAIN) or next(iter(draws.values()))
    others = [
        part
        for rows, each in draws.items()
        if each is not main
        for part in (f"## {rows:,} training rows", counts(each), against_rival(each, TOGETHER))
    ]
    return filled(
        PAGE,
        done=done,
        wanted=wanted,
        rows=counts(main),
        aims=aims(main),
        log_losses=log_losses(main),
        alone=against_rival(main, EACH_ALONE, reference=next(iter(EACH_ALONE.values()))),
        by_set=by_set(main),
        together=against_rival(main, TOGETHER),
        vector=vector(main),
        bytes=sizes(main),
        seconds=seconds(main),
        chosen=chosen(main),
        others="\n\n".join(others),
        **findings(main),
    )


def findings(draws: Draws) -> dict[str, str]:
    """Return mean and median over sets of what the page's findings name, against the rival."""
    found = {}
    for name, arm in FOUND.items():
        values = draws.relative(arm, RIVAL)
        found[name] = f"{number(values.mean(), '+.1%')} / {number(values.median(), '+.1%')}"
    return found


def counts(draws: Draws) -> str:
    """Return the number of draws, and of rows per set."""
    rival = draws.frame[draws.frame.arm == RIVAL]
    rows = [
        (name, len(part), *part.n.iloc[0], draws.n_classes[name])
        for name, part in rival.groupby("set", sort=False)
    ]
    return table(["set", "draws", "training", "test", "real", "K"], rows)


def log_losses(draws: Draws) -> str:
    """Return the mean log loss over the draws, a line per arm and a column per set."""
    arms = {"rival": RIVAL} | TOGETHER
    rows = []
    for name, arm in arms.items():
        means = draws.means(arm, "log_loss")
        rows.append([name, *(number(means.get(each), ".4f") for each in draws.sets)])
    return table(["test log loss", *draws.sets], rows)


def against_rival(draws: Draws, arms: dict[str, str], reference: str = CONTROL) -> str:
    """Return how each arm compares with the rival, and with another arm."""
    rows = []
    for name, arm in arms.items():
        if not draws.has(arm):
            continue
        found, beside = draws.relative(arm, RIVAL), draws.relative(arm, reference)
        won, pairs = draws.won(arm, RIVAL)
        rows.append(
            [
                name,
                *(number(value, "+.1%") for value in (found.mean(), found.median())),
                f"{won} of {pairs}",
                *(number(value, "+.1%") for value in (beside.mean(), beside.median())),
                "{} of {}".format(*draws.won(arm, reference)),
                number(draws.means(arm, "bytes").mean() / 1e3, ".1f"),
            ]
        )
    header = ["log loss relative to", "the rival's: mean", "median", "won"]
    other = "the control's" if reference == CONTROL else "the first line's"
    return table([*header, f"{other}: mean", "median", "won", "KB"], rows)


def vector(draws: Draws) -> str:
    """Return vector leaves beside K trees a round, set by set."""
    arms = ("best of trees hard", "best of boosters hard", HALF, SHORT)
    times, rows = draws.row_times(), []
    for name in times.index:
        cells = [name, str(draws.n_classes[name])]
        for what, by, form in (("log_loss", 1, ".4f"), ("bytes", 1e-3, ".1f")):
            cells += [number(draws.means(arm, what).get(name) * by, form) for arm in arms]
        rows.append([*cells, *(number(each, ".2f") for each in times.loc[name])])
    header = ["set", "K", "log loss: K trees", "vector", "float16", "short"]
    header += ["KB: K trees", "vector", "float16", "short"]
    return table([*header, "µs a row: K trees", "vector", "short"], rows)


def by_set(draws: Draws) -> str:
    """Return the log loss of the chosen students relative to the rival's, set by set."""
    arms = {CONTROL_NAME: CONTROL} | CHOSEN
    rows = []
    for name, arm in arms.items():
        found = draws.relative(arm, RIVAL)
        rows.append([name, *(number(found.get(each), "+.1%") for each in draws.sets)])
    return table(["log loss relative to the rival's", *draws.sets], rows)


def sizes(draws: Draws) -> str:
    """Return the mean size of the chosen students."""
    arms = {"rival, UBJ": RIVAL} | CHOSEN
    rows = []
    for name, arm in arms.items():
        kilobytes = draws.means(arm, "bytes") / 1e3
        share = draws.ratio(arm, RIVAL, "bytes").mean()
        rows.append([name, *(number(kilobytes.get(each), ".1f") for each in draws.sets)])
        rows[-1] += [number(share, ".3f")]
    return table(["KB", *draws.sets, "share of the rival's"], rows)


def seconds(draws: Draws) -> str:
    """Return the mean CPU seconds of each part."""
    rows = []
    for name, spent in draws.costs(CHOSEN).items():
        cells = [number(spent.get(each), ".1f") for each in draws.sets]
        rows.append([name, *cells, number(spent.mean(), ".1f")])
    return table(["CPU seconds", *draws.sets, "mean"], rows)


def chosen(draws: Draws) -> str:
    """Return how often each candidate was chosen."""
    frame = draws.frame[draws.frame.arm.isin(CHOSEN.values())]
    counted = {
        name: frame[frame.arm == arm].chosen.explode().value_counts()
        for name, arm in CHOSEN.items()
    }
    whole = pd.DataFrame(counted).fillna(0).astype(int)
    return table(["chosen in so many draws", *whole.columns], whole.sort_index().itertuples())
