"""Turns docstrings into Markdown: roles, and code blocks after a double colon."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

#: For instance ``:class:`~hpmkd.values.Offer``` .
ROLE = re.compile(r":\w+:`(~?)([\w.]+)`")
#: A paragraph that ends in ``::``, or is nothing else, and the indented block after it.
BLOCK = re.compile(r"^(?P<indent> *)(?P<text>.*?)::\n\n(?P<code>(?:(?P=indent)    .*\n|\n)+)", re.M)


def as_markdown(text: str) -> str:
    """Return a docstring with its reStructuredText as Markdown."""
    return BLOCK.sub(_fenced, ROLE.sub(_reference, f"{text}\n")).rstrip()


def _reference(found: re.Match[str]) -> str:
    short, name = found.groups()
    shown = name.rpartition(".")[2] if short else name
    # A link where the name is in the site, and code where it is not.
    return (
        f'<autoref optional identifier="{name}">`{shown}`</autoref>' if "." in name else f"`{name}`"
    )


def _fenced(found: re.Match[str]) -> str:
    text = f"{found['text']}:\n\n" if found["text"] else ""
    code = textwrap.dedent(found["code"]).strip("\n")
    block = f"{text}```python\n{code}\n```\n\n"
    return textwrap.indent(block, found["indent"])


class Markdown(griffe.Extension):
    """Lets mkdocstrings see every docstring as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
