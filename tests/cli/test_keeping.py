"""What a resumed run says that is stopped before its journal is opened."""

from __future__ import annotations

import click
import pytest

from hpmkd.cli.session import TYPED, unopened
from hpmkd.cli.shutdown import State
from hpmkd.execution.journal.records import MAGIC


@pytest.fixture
def typed():
    with click.Context(click.Command("hpmkd")) as context:
        context.meta[TYPED] = ("distill", "wine.csv", "--resume", "run")
        yield


def test_a_journal_is_there_to_go_on_with(typed, tmp_path):
    work = unopened(tmp_path)
    (tmp_path / "journal").write_bytes(MAGIC)
    state = work.state()
    assert state.finished == "nothing further was finished"
    assert state.go_on.endswith(f" distill wine.csv --resume {tmp_path}")
    assert work.text(state).splitlines() == [state.finished, f"go on with: {state.go_on}"]


def test_a_complete_run_is_complete(typed, tmp_path):
    (tmp_path / "run.json").touch()
    assert unopened(tmp_path).state() == State(f"the run is complete, in {tmp_path}")


def test_where_there_is_no_run_there_is_nothing_to_go_on_with(typed, tmp_path):
    assert unopened(tmp_path / "none").state() == State("nothing was finished")
