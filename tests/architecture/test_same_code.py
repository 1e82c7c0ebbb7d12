"""Two versions of a file: the same code, or another."""

import pytest

from benchmarks.common.same_code import same_code

CODE = '"""A module."""\n\ndef add(a, b):\n    """Add."""\n    return a + b\n'


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("Add.", "Return the sum."),
        CODE.replace('"""A module."""\n', "# why\n"),
        CODE.replace("a + b", "(a + b)  # both"),
    ],
)
def test_words_and_layout_do_not_count(other):
    assert same_code("add.py", CODE, other)
    assert not same_code("add.c", CODE, other)


@pytest.mark.parametrize("other", ["", CODE.replace("a + b", "a - b"), CODE + "x = 'Add.'\n", "("])
def test_statements_count(other):
    assert not same_code("add.py", CODE, other)


def test_settings_count_and_their_comments_do_not():
    assert same_code("a.toml", "size = 6 # most\n", "size = 6\n")
    assert not same_code("a.toml", "size = 6\n", "size = 7\n")
    assert not same_code("a.toml", "size = 6\n", "size =\n")
