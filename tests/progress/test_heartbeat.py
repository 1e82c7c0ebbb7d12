"""What is printed about work that has no steps to count."""

from __future__ import annotations

import re
import threading

import pytest

from hpmkd.progress import heartbeat as module
from hpmkd.progress.heartbeat import Waiting


def test_a_long_wait_is_reported_until_it_ends(monkeypatch):
    echoed, lines, before = threading.Event(), [], threading.active_count()

    def echo(line, *, err):
        assert err
        lines.append(line)
        echoed.set()

    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.001)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_TICKS", 0.001)
    monkeypatch.setattr(module.click, "echo", echo)
    with Waiting("exporting"):
        assert echoed.wait(60)
    assert all(re.fullmatch(r"exporting: \d+ s", line) for line in lines)
    assert threading.active_count() == before


def test_nothing_is_said_of_what_is_over_at_once_and_errors_pass(capsys):
    with pytest.raises(ZeroDivisionError), Waiting("exporting"):
        1 / 0  # noqa: B018
    assert capsys.readouterr().err == ""
