"""What a resumed run reports that is stopped before its journal is opened."""

from __future__ import annotations

import click
import pytest

from hpmkd.cli.session import TYPED, RunSession, RunStatus
from hpmkd.execution.journal import JournalFile


@pytest.fixture
def typed():
    with click.Context(click.Command("hpmkd")) as context:
        context.meta[TYPED] = ("distill", "wine.csv", "--resume", "run")
        yield


def opened(out=None, resume=None, overwrite=False):
    session = RunSession()
    assert session.status() == RunStatus()
    session.open(out, resume, overwrite=overwrite)
    return session


def test_a_journal_is_there_to_go_on_with(typed, tmp_path):
    session = opened(resume=tmp_path)
    journal = JournalFile(tmp_path / "journal", bytes(32))
    journal.begin({"seed": 3})
    status = session.status()
    assert status.finished == "nothing further was finished"
    assert status.go_on.endswith(f" distill wine.csv --resume {tmp_path}")
    assert status.text().splitlines() == [status.finished, f"resume with: {status.go_on}"]
    # It was looked at without taking the lock away.
    with pytest.raises(Exception, match="another process"):
        JournalFile(tmp_path / "journal", bytes(32))
    journal.close()


def test_a_complete_run_is_complete(typed, tmp_path):
    (tmp_path / "run.json").touch()
    session = opened(resume=tmp_path)
    assert session.status() == RunStatus(f"the run is complete, in {tmp_path}")
    # One that is to be replaced is not what was asked for.
    assert opened(out=tmp_path, overwrite=True).status() == RunStatus()


def test_where_there_is_no_run_there_is_nothing_to_go_on_with(typed, tmp_path):
    session = opened(resume=tmp_path / "none")
    assert session.status() == RunStatus("nothing was finished")
