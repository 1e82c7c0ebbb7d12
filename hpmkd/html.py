"""HTML of results, as notebooks show them: in the colours of the notebook, all text escaped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

#: Of columns of numbers; pandas and Jupyter align cells to the right as well.
NUMBER = ' style="text-align: right; font-variant-numeric: tabular-nums"'
TEXT = ' style="text-align: left"'
#: A row that stands out, by more than its colour.
BOLD = ' style="font-weight: bold; outline: 1.5px solid currentColor"'


def paragraph(text: str, head: str = "") -> str:
    """Return a paragraph that may begin with bold words."""
    before = f"<strong>{escape(head)}</strong> " if head else ""
    return f"<p>{before}{escape(text)}</p>"


def bullets(texts: Sequence[str]) -> str:
    """Return a list; nothing for no texts."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>" if texts else ""


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    names: int = 1,
    bold: Collection[int] = (),
) -> str:
    """Return a table whose first columns are names, the others numbers; some rows are bold."""
    align = [TEXT if at < names else NUMBER for at in range(len(headings))]
    head = _cells("th", headings, align)
    body = "".join(
        f"<tr{BOLD if at in bold else ''}>{_cells('td', row, align)}</tr>"
        for at, row in enumerate(rows)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(tag: str, texts: Sequence[str], align: Sequence[str]) -> str:
    return "".join(
        f"<{tag}{each}>{escape(text)}</{tag}>" for text, each in zip(texts, align, strict=True)
    )
