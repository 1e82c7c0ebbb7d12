"""A model card as Markdown, with the metadata that model hubs read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.report.card.sections import TO_FILL, Section, sections
from hpmkd.report.models import shipped
from hpmkd.report.plain_words import heading
from hpmkd.report.render.format import clean

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

TASK = "tabular-classification"
#: Characters that mean something in Markdown, or in a table of it.
MARKED = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>#|"})


def model_card(found: Distillation, folder: str = "RUN") -> str:
    """Return the model card of the shipped student as Markdown.

    Parameters
    ----------
    found : Distillation
        The run, just made or loaded.
    folder : str
        The run folder, as the command to repeat the run names it.

    Returns
    -------
    str
        For the README.md of a model repository. What only people know is left to be filled.
    """
    title = f"# Student {_escaped(shipped(found).name)} of {_escaped(heading(found))}"
    blocks = ["---", *_metadata(found), "---", "", title]
    for section in sections(found, folder):
        blocks += ["", *_section(section)]
    return "\n".join([*blocks, ""])


def _metadata(found: Distillation) -> Iterator[str]:
    """Yield lines of YAML; values are JSON, which YAML reads, whatever they hold."""
    record = shipped(found)
    metrics = {"accuracy": record.accuracy, "log_loss": record.log_loss}
    data = clean(found.facts.get("data") or "a table")
    result = {
        "task": {"type": TASK},
        "dataset": {"name": data, "type": "tabular"},
        "metrics": [{"type": name, "value": value} for name, value in metrics.items()],
    }
    values: dict[str, Any] = {
        "library_name": "hpmkd",
        "pipeline_tag": TASK,
        "tags": [TASK, "knowledge-distillation"],
        "model_file": "student.hpmkd",
        "metrics": [*metrics],
        "model-index": [{"name": clean(record.name), "results": [result]}],
    }
    for name, value in values.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _section(section: Section) -> Iterator[str]:
    yield f"{'#' * (1 + section.level)} {section.title}"
    for text in section.texts:
        yield ""
        yield _escaped(text)
    if section.points:
        yield ""
        yield from (f"- {_escaped(point)}" for point in section.points)
    if section.rows:
        head, *rows = section.rows
        yield ""
        yield _line(head)
        yield f"|{'---|' * len(head)}"
        yield from map(_line, rows)
    if section.code:
        # Longer than any fence within.
        ticks = re.findall("`+", section.code)
        fence = "`" * max([3, *(len(each) + 1 for each in ticks)])
        yield ""
        yield from (f"{fence}{section.language}", section.code, fence)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """Return text as Markdown shows it; what is left to fill, at its end, stays to be found."""
    line = " ".join(text.split())
    known = line.removesuffix(TO_FILL)
    return known.translate(MARKED) + line[len(known) :]
