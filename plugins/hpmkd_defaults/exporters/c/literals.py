"""Text, comments and tables in C, for any text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hpmkd.errors import ExportError

#: Bytes that a literal may have in C99, 4,095, and some less: longer ones are refused by -pedantic.
LONGEST_LITERAL = 4_000
#: Characters of a text that a comment shows.
LONGEST_COMMENT = 60
#: Of a line of code.
WIDTH = 98
QUOTE, DOUBLE_QUOTE = b"'\""


def as_bytes(text: str) -> bytes:
    """Return a text as UTF-8.

    Raises
    ------
    ExportError
        It holds half of a character, which UTF-8 lacks.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ExportError(
            f"{comment(text)!r} holds half of a character, which UTF-8 and hence C lack: rename "
            "it, and distil again. The exporter 'json' writes it"
        ) from error


def literal(content: bytes) -> str:
    r"""Return bytes as a string literal.

    Octal escapes have three digits, so that none swallows a digit behind it; no question mark is
    bare, so that two of them begin no trigraph.

    Examples
    --------
    >>> print(literal("a\"b\n1 größer??/".encode()))
    "a\"b\0121 gr\303\266\303\237er\?\?/"
    """
    return f'"{"".join(_escaped(byte, DOUBLE_QUOTE) for byte in content)}"'


def characters(content: bytes) -> str:
    """Return bytes as the initialiser of an array of char, a NUL behind them."""
    return braces(f"'{_escaped(byte, QUOTE)}'" for byte in (*content, 0))


def comment(text: str) -> str:
    r"""Return a text as a comment may show it: short, on one line, and without an end of its own.

    Examples
    --------
    >>> print(comment("*/ int x; /*\n größe"))
    * / int x; / *\n größe
    """
    kept = "".join(_shown(character) for character in text[: LONGEST_COMMENT + 1])
    kept = kept if len(text) <= LONGEST_COMMENT else f"{kept} ... ({len(text):,} characters)"
    for pair in ("*/", "/*", "??"):
        while pair in kept:
            kept = kept.replace(pair, f"{pair[0]} {pair[1]}")
    return kept


def braces(items: Iterable[object]) -> str:
    """Return what initialises an array: items in braces, over as many lines as it takes.

    Examples
    --------
    >>> braces([1, 2.5])
    '{1, 2.5}'
    """
    listed = [str(item) for item in items]
    if sum(map(len, listed)) + 2 * len(listed) < WIDTH // 2:
        return f"{{{', '.join(listed)}}}"
    return "{\n" + _filled(listed) + "\n}"


def _filled(items: Sequence[str]) -> str:
    """Return items with commas between them, as many on a line as it takes."""
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*lines, line]).removesuffix(",")


def _escaped(byte: int, quote: int) -> str:
    if byte in (quote, ord("\\"), ord("?")):
        return f"\\{chr(byte)}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _shown(character: str) -> str:
    """Return a character as a comment shows it; compilers warn of text that turns around."""
    if character.isalpha() or (character.isascii() and character.isprintable()):
        return character
    return character.encode("unicode_escape").decode("ascii")
