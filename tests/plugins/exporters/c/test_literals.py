"""Text of any kind is a literal, an array or a comment that compilers take without a warning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpmkd.testing.students import ODD_NAMES
from hpmkd_defaults.exporters.c.literals import as_bytes, braces, characters, comment, literal
from tests.plugins.exporters.c.compiling import answers, compiled

ODD = [
    *ODD_NAMES,
    "?" * 5,
    "??=",
    "\x001",
    "\x0089",
    "é9",
    "%",
    "'",
    "\\x41",
    "\t\v\f\b\a",
]


def test_a_compiler_reads_what_was_meant(tmp_path):
    """As a literal as well as an array, in C and in C++; trigraphs are read in C99."""
    contents = [as_bytes(text) for text in ODD]
    short = [content for content in contents if len(content) < 1_000]
    lines = [
        f"static const char array_{k}[] = {characters(each)};" for k, each in enumerate(contents)
    ]
    shown = [f"fwrite(array_{k}, 1, {len(each) + 1}, stdout);" for k, each in enumerate(contents)]
    shown += [f"fwrite({literal(each)}, 1, {len(each) + 1}, stdout);" for each in short]
    body = "\n".join(f"    {line}" for line in shown)
    source = "\n".join(
        ["#include <stdio.h>", *lines, f"int main(void)\n{{\n{body}\n    return 0;\n}}\n"]
    )
    expected = b"".join(each + b"\0" for each in [*contents, *short])
    assert answers(compiled(source, tmp_path)) == expected
    assert answers(compiled(source, tmp_path, "-x", "c++", standard="c++11")) == expected


def test_comments_are_neither_ended_nor_begun_by_names(tmp_path):
    source = "".join(f"/* {comment(text)} */\n" for text in ODD) + "int main(void) { return 0; }\n"
    for compiler in ("gcc", "clang"):
        assert answers(compiled(source, tmp_path, compiler=compiler)) == b""


@given(st.text() | st.text(alphabet="*/?\\\n", max_size=12))
def test_a_comment_has_one_line_and_no_end(text):
    found = comment(text)
    assert "\n" not in found
    assert not any(pair in found for pair in ("*/", "/*", "??"))
    assert len(found) < 800


@given(st.binary(max_size=40))
def test_a_literal_is_plain_and_octal(content):
    found = literal(content)
    assert found.isascii()
    assert found.isprintable()
    assert "??" not in found
    assert eval(f"b{found}".replace("\\?", "?")) == content


@given(st.lists(st.integers(0, 2**32 - 1)))
def test_lines_of_a_table_are_short(items):
    found = braces(items)
    assert max(map(len, found.splitlines())) <= 100
    assert found.strip("{}\n ").replace(",", " ").split() == list(map(str, items))
