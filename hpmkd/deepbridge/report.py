"""What came of a run, as text and as one HTML page."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from hpmkd.api import CROSS_FITTED
from hpmkd.deepbridge.metrics import FIDELITY, QUALITY
from hpmkd.errors import RecipeError

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.deepbridge.findings import Findings

TYPES = ("interactive", "static")
SHOWN = [
    "model_type",
    "temperature",
    "alpha",
    *(f"test_{name}" for name in (*QUALITY, *FIDELITY) if name not in ("f1", "ks_pvalue")),
    "train_accuracy",
    "selection_log_loss",
    "method",
    "best_params",
]


def summary(findings: Findings) -> str:
    """Return a few lines: cost, verdict, what the run chose, the best on the test rows."""
    # First the rows: what it costs to fit their students counts as well.
    best = findings.find_best_model()
    found, counts = findings.distillation, findings.counts
    chosen = next(record for record in found.records if record.chosen)
    return "\n".join(
        [
            f"Method {findings.method}: {len(findings.results_df)} configurations; "
            f"{counts['models_trained']} models trained, {counts['models_refitted']} of them for "
            f"rows and further students; {counts['seconds']:.1f} s",
            _teachers(findings),
            f"Verdict: {found.verdict.outcome}. {found.verdict.sentence}",
            f"The selection rows chose {chosen.name} (alpha {chosen.alpha:g}, temperature "
            f"{chosen.temperature:g}): accuracy {chosen.accuracy:.4f}, log loss "
            f"{chosen.log_loss:.4f} on the test rows",
            f"Highest on the test rows: {getattr(best['model_type'], 'name', best['model_type'])} "
            f"(alpha {best['alpha']:g}, temperature {best['temperature']:g}), accuracy "
            f"{best['test_accuracy']:.4f}; as the best of several, it flatters",
        ]
    )


def _teachers(findings: Findings) -> str:
    """Say what teachers cost, and which of them stood by for comparison alone."""
    found, counts = findings.distillation, findings.counts
    line = f"Teachers: {counts['teacher_fits']} fits, {counts['teacher_calls']} calls"
    if not counts["teacher_fits"] or CROSS_FITTED in found.facts["teachers"].values():
        return line
    return (
        f"{line}; what was given is not refitted: the fits are those of the reference panel "
        f"{found.recipe.reference.name!r}, which tells whether it repeats labels"
    )


def page(findings: Findings, report_type: str) -> str:
    """Return a page that needs nothing else: no network, no other file.

    Raises
    ------
    RecipeError
        If there is no such type of report.
    """
    if report_type not in TYPES:
        known = " or ".join(map(repr, TYPES))
        raise RecipeError(f"report_type: got {report_type!r}; expected {known}")
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in summary(findings).splitlines())
    parts = [
        f"<h1>Distillation</h1><ul>{lines}</ul>",
        "<h2>Configurations</h2>",
        _table(findings.results_df[SHOWN]),
        "<h2>The best on the test rows beside its teacher</h2>",
        _table(findings.compare_models()),
        "<h2>Leaderboard of the run</h2>",
        _table(findings.distillation.leaderboard),
    ]
    script = f"<script>{SORTING}</script>" if report_type == "interactive" else ""
    return PAGE.format(style=STYLE, body="\n".join(parts), script=script)


def _table(frame: pd.DataFrame) -> str:
    text: str = frame.to_html(index=False, na_rep="", border=0, float_format="{:.4f}".format)
    return text


PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Distillation</title><style>{style}</style></head>
<body>
{body}
{script}
</body>
</html>
"""
STYLE = (
    "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;display:block;"
    "overflow-x:auto}th,td{padding:.3em .6em;border-bottom:1px solid #ddd;text-align:right}"
    "th{cursor:default;background:#f4f4f4}"
)
#: A click on a heading sorts by its column, another one the other way round.
SORTING = """
document.querySelectorAll("th").forEach(head => {
  head.style.cursor = "pointer";
  head.onclick = () => {
    const at = [...head.parentNode.children].indexOf(head);
    const body = head.closest("table").tBodies[0];
    const up = head.dataset.up = head.dataset.up === "1" ? "0" : "1";
    const key = row => row.children[at].textContent;
    const order = (a, b) => key(a).localeCompare(key(b), undefined, {numeric: true});
    const rows = [...body.rows].sort((a, b) => up === "1" ? order(a, b) : order(b, a));
    body.append(...rows);
  };
});
"""
