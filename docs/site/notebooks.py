"""Notebooks as pages: a browser shows the file of a notebook as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

#: A link in a built page, to a notebook beside which its page stands.
LINK = re.compile(r'(href="[^":]*)\.ipynb"')


def page(path: Path) -> str:
    """Return a notebook as Markdown: its text, its code, and what the code printed."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(part for cell in cells for part in _parts(cell)) + "\n"


def link_pages(site: Path) -> None:
    """Let links to notebooks lead to their pages."""
    for html in site.rglob("*.html"):
        text = html.read_text("utf-8")
        if (linked := LINK.sub(r'\1.html"', text)) != text:
            html.write_text(linked, "utf-8")


def _parts(cell: Any) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
    elif cell.cell_type == "code":
        yield _fenced(cell.source, "python")
        for output in cell.outputs:
            yield _shown(output)


def _shown(output: Any) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![](data:image/png;base64,{''.join(data['image/png'].split())})"
    if "text/html" in data:
        # A blank line would end a block of HTML.
        return "<div>" + re.sub(r"\n\s*", "\n", data["text/html"]) + "</div>"
    return _fenced(output.get("text") or data.get("text/plain", ""), "text")


def _fenced(text: str, language: str) -> str:
    return f"````{language}\n{text.rstrip()}\n````"
