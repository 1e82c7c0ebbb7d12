"""The page of the ablation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from benchmarks.ablation.arms import DEFAULT, RECIPE, WITH, WITHOUT, Arm
from benchmarks.ablation.compare import Compared
from benchmarks.ablation.rule import COUNTS, LEAST, pays, stays
from benchmarks.common.pages import failures, filled, number, table
from benchmarks.common.picture import draw
from benchmarks.common.significance import LEAST_SETS, friedman_line

PAGE = Path(__file__).with_name("page.md")
#: Of a test over sets, where there are too few.
FEW = f"under {LEAST_SETS} sets"
#: Ranks of fewer arms need no picture.
LEAST_RANKED = 3
#: What an arm is measured by: column, unit, form.
MEANS = {
    "log loss": ("log_loss", 1, ".4f"),
    "accuracy": ("accuracy", 100, ".2f"),
    "retention": ("retention", 1, ".4f"),
    "KL": ("kl", 1, ".4f"),
    "KB": ("bytes", 1e-3, ".1f"),
    "CPU s": ("seconds", 1, ".1f"),
    "models": ("models", 1, ".0f"),
    "teacher fits": ("teacher_fits", 1, ".0f"),
    "teacher calls": ("teacher_calls", 1, ".0f"),
    "cache hits": ("cache_hits", 1, ".0f"),
}
#: What both tables of verdicts compare.
COMPARED = ("log loss, mean ± SE", "better / same / worse", "Holm p", "CPU", "bytes")
VERDICTS = ("pays", "no difference", "hurts")


def page(
    lines: list[dict], sets: list[str], options: str, wanted: int, markdown: Path | None
) -> str:
    """Return the page about the lines of so many runs that are wanted; the picture is beside it."""
    from hpmkd import __version__

    found = Compared(lines, sets)
    ranked = found.losses([arm for arm in found.arms if is_ranked(found, arm)])
    return filled(
        PAGE,
        engine=f"hpmkd {__version__}",
        trees=", ".join(f"`{each[:12]}`" for each in dict.fromkeys(found.frame.tree)),
        options=options,
        done=len(lines),
        wanted=wanted,
        kernels=number(found.frame.get("kernel_seconds", pd.Series(dtype=float)).max(), ".1f"),
        share=f"{COUNTS:.0%}",
        least=LEAST,
        picture=picture(ranked, markdown),
        earns=earns(found),
        adding=adding(found),
        rows=counts(found),
        recipes=differences(found, [arm for arm in found.arms if arm.kind == RECIPE]),
        ranks=friedman_line(ranked),
        tests=differences(found, [arm for arm in found.arms if arm.kind != RECIPE]),
        means=means(found),
        losses=by_set(found, "log_loss", 1, ".4f"),
        accuracies=by_set(found, "accuracy", 100, ".2f"),
        seconds=by_set(found, "seconds", 1, ".1f"),
        failed=failures(found.frame),
    )


def picture(losses: pd.DataFrame, markdown: Path | None) -> str:
    """Draw mean ranks beside the page; return what shows them there."""
    if markdown is None or losses.shape[1] < LEAST_RANKED:
        return ""
    path = markdown.with_suffix(".svg")
    draw(losses, path, f"Mean rank by test log loss, {len(losses)} sets")
    return f"![Mean ranks of the arms over sets]({path.name})"


def is_ranked(found: Compared, arm: Arm) -> bool:
    """Tell whether the picture has an arm: all get the same rows, and no two are one student."""
    better, _, worse = found.counted(arm)
    alike = arm.name != arm.against and not better and not worse
    return not (arm.forest or arm.real or alike)


def of_kind(found: Compared, kind: str) -> list[Arm]:
    """Return the arms that left a part out, or added one."""
    return [arm for arm in found.arms if arm.kind == kind and arm.part]


def earns(found: Compared) -> str:
    """Return whether each part of the default stays."""

    def cells(arm: Arm) -> list[str]:
        verdict, why = stays(found.difference(arm), arm.guards)
        return [f"**{verdict}**", why]

    header = ["part", "instead of it"]
    return _judged(found, of_kind(found, WITHOUT), [*header, *COMPARED, "verdict", "why"], cells)


def adding(found: Compared) -> str:
    """Return whether adding each part pays."""

    def cells(arm: Arm) -> list[str]:
        return [f"**{pays(found.difference(arm))}**"]

    header = ["part", "added"]
    return _judged(found, of_kind(found, WITH), [*header, *COMPARED, "verdict"], cells)


def _judged(
    found: Compared, arms: list[Arm], header: list[str], cells: Callable[[Arm], list[str]]
) -> str:
    tests, rows = found.tests(), []
    for arm in arms:
        each = found.difference(arm)
        against = "" if arm.against == DEFAULT else f" (against `{arm.against}`)"
        rows.append(
            [
                arm.part,
                f"`{arm.name}`: {arm.sentence}{against}",
                f"{each.mean:+.4f} ± {number(each.error, '.4f')}",
                " / ".join(map(str, found.counted(arm))),
                number(tests[arm.name][1], ".3f") or FEW,
                f"{each.cpu.mean() - 1:+.0%}",
                f"{each.size.mean() - 1:+.0%}",
                *cells(arm),
            ]
        )
    return table(header, rows)


def differences(found: Compared, arms: Iterable[Arm]) -> str:
    """Return each arm less the one it is compared with: mean, median, draws, tests."""
    tests, rows = found.tests(), []
    for arm in arms:
        if arm.name == arm.against:
            continue
        each, accuracy = found.difference(arm), found.less(arm, "accuracy")
        figures = [number(value, "+.4f") for value in (each.mean, each.median)]
        rows.append(
            [
                arm.name,
                arm.against,
                *figures,
                number(each.error, ".4f"),
                *map(str, found.counted(arm)),
                number(100 * accuracy.mean(), "+.2f"),
                f"{each.cpu.mean():.2f}",
                f"{each.size.mean():.2f}",
                str(len(each.losses)),
                *(number(p, ".3f") or FEW for p in tests[arm.name]),
            ]
        )
    header = ["log loss of", "less that of", "mean", "median", "SE", "better", "same", "worse"]
    header += ["accuracy, points", "CPU, times", "bytes, times", "sets", "Wilcoxon p", "Holm p"]
    return table(header, rows)


def means(found: Compared) -> str:
    """Return what each arm reaches and costs: means over sets of the means of the draws."""
    rows = []
    for arm in found.arms:
        figures = [
            number(unit * found.means(arm.name, what).mean(), form)
            for what, unit, form in MEANS.values()
        ]
        said = found.values(arm.name, "verdict").value_counts()
        rows.append([arm.name, *figures, " / ".join(str(said.get(each, 0)) for each in VERDICTS)])
    return table(["means over sets", *MEANS, " / ".join(VERDICTS)], rows)


def by_set(found: Compared, what: str, unit: float, form: str) -> str:
    """Return the default's figure of every set, and how much more each other arm has."""
    rows = []
    for arm in found.arms:
        own = found.means(arm.name, what)
        if arm.name == arm.against:
            cells = [number(unit * own.get(each, float("nan")), form) for each in found.sets]
        else:
            more = unit * found.less(arm, what)
            cells = [number(more.get(each), f"+{form}") for each in found.sets]
        less = "" if arm.against == DEFAULT else f", less `{arm.against}`"
        rows.append([f"{arm.name}{less}", *cells])
    return table([f"`{DEFAULT}`, and others less it", *found.sets], rows)


def counts(found: Compared) -> str:
    """Return the draws and rows of each set."""
    whole = found.frame[found.frame.log_loss.notna()]
    rows = []
    for name in found.sets:
        part = whole[whole.set == name]
        rows.append([name, part.seed.nunique(), *part.n.iloc[0], int(part.n_classes.iloc[0])])
    return table(["set", "draws", "training", "test", "rest", "K"], rows)
