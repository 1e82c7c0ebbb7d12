"""Progress on a terminal: it fits, it stays in its place, and it leaves the terminal sound."""

from __future__ import annotations

import io
import os
import re
import signal

import pytest
from rich.console import Console

from hpmkd.progress.live import LiveProgress
from tests.cli import running

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    running.write_data(folder)
    return folder


def drawn(view, columns):
    """The lines of the view at a width."""
    console = Console(file=io.StringIO(), width=columns, force_terminal=False)
    view._console = console
    console.print(view.drawn())
    return console.file.getvalue().splitlines()


@pytest.fixture
def view():
    view = LiveProgress()
    view.hpmkd_phase_advanced("teachers", 0, 160)
    view.hpmkd_phase_advanced("teachers", 160, 160)
    view.hpmkd_phase_advanced("search", 0, 60)
    view.hpmkd_work_advanced("trial", 3, 12, 2, 2, 75.0)
    return view


def test_a_run_on_a_narrow_terminal(folder):
    code, text = running.on_terminal(folder, "--workers", "1")
    assert code == 0, text
    lines = [line.rstrip() for line in running.lines_of(text)]
    assert any(re.fullmatch(r"predicting with teachers +(\d+)/\1 +\d:\d\d", line) for line in lines)
    assert any(re.fullmatch(r"refitting on all rows +4/4 +\d:\d\d", line) for line in lines)
    assert any(re.fullmatch(r"best log loss \d\.\d+ \(\w+, trial \d\)", line) for line in lines)
    last = max(at for at, line in enumerate(lines) if line.startswith("fitting the whole"))
    assert max(map(len, lines[: last + 1])) <= 60
    assert text.rindex(SHOW) > text.rindex(HIDE)


def test_a_key_leaves_the_terminal_sound(folder):
    struck = []

    def strike(child, text):
        # As the terminal does: to the process, and to those that it started.
        if not struck and "predicting with teachers" in text:
            struck.append(os.killpg(child, signal.SIGINT))

    code, text = running.on_terminal(
        folder, "--workers", "1", on_screen=strike, teacher="noisy:Slow"
    )
    assert struck
    assert code == 130
    assert "stopped; " in text[text.rindex(SHOW) :], "the last words are below the bars"
    assert text.rindex(SHOW) > text.rindex(HIDE)
    assert "Traceback" not in text


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_width_has_room_for_what_counts(view, columns):
    lines = drawn(view, columns)
    assert max(map(len, lines)) <= columns
    assert re.match(r"predicting with teachers +.*160/160 +0:00", lines[0])
    assert re.match(r"searching configurations .* 3/60 +0:00", lines[1])
    assert lines[2].startswith("trial 3/12 · 2 of 2 workers busy")
    assert len(lines) == 3


def test_bars_are_drawn_where_there_is_room(view):
    assert "━" in "".join(drawn(view, 80))
    assert "━" not in "".join(drawn(view, 60))


def test_notes_are_printed_as_they_are(view):
    view._console = Console(file=io.StringIO(), width=60, markup=False)
    view.hpmkd_noted("[bold] is no markup")
    assert view._console.file.getvalue() == "note: [bold] is no markup\n"
