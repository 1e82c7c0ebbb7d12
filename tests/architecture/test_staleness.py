"""Pages older than the code that they measure, in a small history."""

from __future__ import annotations

import subprocess

import pytest

from benchmarks.common.staleness import NoHistoryError, ages, figures, report
from benchmarks.common.tree import tree_hash

PAGE = "docs/kernels.md"
CODE = {PAGE: ["kernels"]}


def page(figure, words="Fast."):
    return f"{words} 3 kernels\n\n| what | ms |\n| --- | --- |\n| sum | {figure} |\n"


class History:
    """A repository with a page and the code that it measures."""

    def __init__(self, root):
        self.root, self.commits = root, []
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        command = ["git", *who, "-C", str(self.root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text, "utf-8")

    def commit(self, path, text, subject="change"):
        self.write(path, text)
        self.git("add", path)
        self.git("commit", "--quiet", "-m", subject)
        return self.git("rev-parse", "--short", "HEAD")


@pytest.fixture
def history(tmp_path):
    made = History(tmp_path)
    made.commit("kernels/sum.c", "1")
    made.written = made.commit(PAGE, page(4.5))
    return made


def age(history):
    (found,) = ages(history.root, CODE)
    return found.written and found.written.name, [each.subject for each in found.later]


def test_a_page_is_fresh_until_its_code_changes(history):
    assert age(history) == (history.written, [])
    history.commit("other/sum.c", "2")
    assert age(history) == (history.written, [])
    history.commit("kernels/sum.c", "2", "faster")
    newest = history.commit("kernels/new.c", "2", "more")
    assert age(history) == (history.written, ["more", "faster"])
    assert ages(history.root, CODE)[0].later[0].name == newest


def test_comments_and_docstrings_are_no_newer_code(history):
    history.commit("kernels/sum.py", "def add(a, b):\n    return a + b\n")
    history.commit("kernels/sum.toml", "size = 6\n")
    written = history.commit(PAGE, page(3.5))
    history.commit("kernels/sum.py", 'def add(a, b):\n    """Add."""\n    return a + b  # both\n')
    history.commit("kernels/sum.toml", "size = 6 # at most\n", "words")
    assert age(history) == (written, [])
    history.commit("kernels/sum.toml", "size = 7\n", "larger")
    assert age(history)[1][0] == "larger"


def test_new_words_do_not_make_a_page_newer_and_new_figures_do(history):
    history.commit("kernels/sum.c", "2", "faster")
    history.commit(PAGE, page(4.5, "Very fast."))
    assert age(history) == (history.written, ["faster"])
    again = history.commit(PAGE, page(4.25))
    assert age(history) == (again, [])


def test_figures_above_the_mark_are_not_measured(history):
    mark = "<!-- measured: what follows is written by python -m benchmarks kernels -->\n"
    written = history.commit(PAGE, "| 1 |\n" + mark + page(4.25))
    history.commit(PAGE, "| 2 |\n" + mark + page(4.25))
    assert age(history) == (written, [])


def test_a_page_of_a_branch_is_as_old_as_where_it_was_measured(history):
    history.git("checkout", "--quiet", "-b", "side")
    measured = history.commit(PAGE, page(3.5))
    history.git("checkout", "--quiet", "main")
    history.commit("kernels/sum.c", "2", "faster")
    history.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    assert age(history) == (measured, ["faster"])


def test_figures_that_are_not_committed_are_new(history):
    history.commit("kernels/sum.c", "2", "faster")
    history.write(PAGE, page(4.25))
    assert age(history) == (None, [])


def test_a_page_is_as_old_as_the_code_whose_hash_it_names(history):
    folders = {PAGE: ["hpmkd", "plugins"]}

    def written():
        (found,) = ages(history.root, folders)
        return found.written.name, [each.subject for each in found.later]

    history.commit("plugins/hpmkd_defaults/a.toml", "a = 1\n")
    first = history.commit("hpmkd/a.toml", "a = 1\n")
    measured = tree_hash(history.root)
    history.commit("hpmkd/a.toml", "a = 2\n", "faster")
    # What no run imports is no other code.
    history.commit("hpmkd/cli/a.toml", "a = 1\n", "printed")
    history.commit(PAGE, page(3.5).replace("Fast.", f"Fast (code `{measured[:12]}`)."))
    assert written() == (first, ["printed", "faster"])
    # The same figures, measured again.
    history.commit(PAGE, page(3.5).replace("Fast.", f"(code `{tree_hash(history.root)[:12]}`)"))
    assert written()[1] == []


def test_a_page_that_is_not_there_is_named(history):
    found = ages(history.root, {"docs/lost.md": ["kernels"]})
    assert str(found[0]).startswith("none   docs/lost.md: there is no such file")


def test_stale_pages_come_first(history):
    history.commit("docs/fresh.md", page(1.5))
    history.commit("kernels/sum.c", "2", "faster")
    found = ages(history.root, {"docs/fresh.md": ["other"], **CODE})
    assert [each.page for each in found] == [PAGE, "docs/fresh.md"]
    first, second, last = report(found).splitlines()
    assert first.startswith(f"stale  {PAGE}: written in {history.written}")
    assert "1 later commit of its code" in first
    assert second.startswith("fresh  docs/fresh.md")
    assert last == "1 of 2 pages are stale"


def test_outside_a_checkout_it_says_so(tmp_path):
    with pytest.raises(NoHistoryError, match="expected a checkout of git"):
        ages(tmp_path, CODE)


def test_a_shallow_clone_is_told_what_it_lacks(history, tmp_path_factory):
    clone = tmp_path_factory.mktemp("clone")
    history.git("clone", "--quiet", "--depth=1", f"file://{history.root}", str(clone))
    with pytest.raises(NoHistoryError, match="git fetch --unshallow"):
        ages(clone, CODE)


def test_figures_are_the_numbers_of_tables():
    assert figures("1 kernel\n| a | 1,000.5 |\n| b | −2 % |\n") == ["1,000.5", "2"]
