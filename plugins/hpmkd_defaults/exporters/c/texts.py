"""Tables of texts in C: names of columns, labels, spellings of categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hpmkd_defaults.exporters.c.literals import (
    LONGEST_LITERAL,
    as_bytes,
    braces,
    characters,
    literal,
)


def text_table(name: str, texts: Iterable[str]) -> str:
    """Return a table of texts, one at least."""
    arrays, entries = _entries(name, texts)
    return f"{arrays}static const text {name}[] = {braces(entries)};\n"


def spelling_table(name: str, codes: Mapping[str, int]) -> str:
    """Return a table of spellings, one at least, with their codes, sorted by their bytes."""
    texts = sorted(codes, key=as_bytes)
    arrays, entries = _entries(name, texts)
    pairs = (f"{{{entry}, {codes[text]}}}" for entry, text in zip(entries, texts, strict=True))
    return f"{arrays}static const spelling {name}[] = {braces(pairs)};\n"


def _entries(name: str, texts: Iterable[str]) -> tuple[str, list[str]]:
    """Return arrays of those texts that are too long for a literal, and an entry for each text."""
    arrays, entries = [], []
    for at, content in enumerate(map(as_bytes, texts)):
        shown = literal(content)
        if len(content) > LONGEST_LITERAL:
            shown = f"{name}_{at}"
            arrays.append(f"static const char {shown}[] = {characters(content)};\n")
        entries.append(f"{{{shown}, {len(content)}}}")
    return "".join(arrays), entries
