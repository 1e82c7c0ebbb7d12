"""Pages in Markdown: tables, templates, and where they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click
import pandas as pd

#: The option of every benchmark that writes a page.
page_option = click.option(
    "--markdown", type=click.Path(path_type=Path), metavar="PAGE", help="Write the page here too."
)


def table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """Return a table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def frame_table(frame: pd.DataFrame) -> str:
    """Return a data frame as a table, without its index."""
    return table(frame.columns, frame.itertuples(index=False))


def number(value: float | None, form: str) -> str:
    """Return a number as text; nothing where there is none."""
    return "" if value is None or pd.isna(value) else format(value, form)


def failures(frame: pd.DataFrame, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the arms that failed, by other names where they have one, and their first errors."""
    if "error" not in frame or not frame.error.notna().any():
        return "No run failed."
    lines = frame[frame.error.notna()]
    rows = [
        [names.get(arm, arm), len(part), ", ".join(part.set.unique()), f"`{part.error.iloc[0]}`"]
        for arm, part in lines.groupby("arm")
    ]
    return table(["did not run", "draws", "sets", "first error"], rows)


def console_tables(
    tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]], heading: str = ""
) -> str:
    """Print tables (title, header, rows) on the console; return them as Markdown."""
    from rich.console import Console
    from rich.table import Table

    # A pipe has no width of its own; 200 columns keep the tables whole there.
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    parts = []
    for title, header, rows in tables:
        lines = list(rows)
        shown = Table(*header, title=title)
        for line in lines:
            shown.add_row(*line)
        console.print(shown)
        parts.append(f"{heading}{title}\n\n{table(header, lines)}")
    return "\n\n".join(parts)


def filled(template: Path, **parts: object) -> str:
    """Return a template with every ``{{name}}`` replaced by the part of that name."""
    text = template.read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(parts[found[1]]), text)


def publish(text: str, markdown: Path | None) -> None:
    """Print a page, and write it where that is wanted."""
    click.echo(text)
    if markdown is not None:
        markdown.write_text(text, "utf-8")


def section(page: Path, benchmark: str) -> str:
    """Return what stands in a page from the mark of a benchmark on; the mark alone, if nothing."""
    text = page.read_text("utf-8") if page.exists() else ""
    mark = _mark(benchmark)
    return mark + text.partition(mark)[2]


def _mark(benchmark: str) -> str:
    return f"<!-- measured: what follows is written by python -m benchmarks {benchmark} -->\n"


def replace_measured(page: Path, benchmark: str, text: str) -> None:
    """Replace what stands in a page under the mark of a benchmark; the rest is written by hand."""
    mark = _mark(benchmark)
    before, found, _ = page.read_text("utf-8").partition(mark)
    if not found:
        raise click.UsageError(f"{page} has no line {mark.strip()}")
    page.write_text(before + mark + "\n" + text, "utf-8")
