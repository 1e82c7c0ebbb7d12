"""Places that cannot be written, or lead elsewhere: a home, and what ``--out`` is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hpmkd
from hpmkd.errors import JournalWarning, RunFolderError
from hpmkd.user_key import key_path
from tests.embedding.runs import light
from tests.faults.running import ARGUMENTS, hpmkd_runs, installed

# ------------------------------------------------------------------ an unwritable home


def without_home():
    """Return the environment of a user whose home cannot be: it is below a file."""
    home = str(Path("data.csv").absolute() / "home")
    names = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    return dict.fromkeys(names, home)


def test_a_home_that_cannot_be_written_costs_its_stores_and_not_the_run(folder):
    done = installed(*ARGUMENTS, "--out", "run", "--quiet", **without_home())
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    for store in ("the user's key", "the disk cache", "the memory"):
        (line,) = [each for each in lines if each.startswith(f"warning: {store} ")]
        assert "Not a directory" in line
        assert str(folder / "data.csv") in line
        assert "the run continues" in line
        assert "--out" not in line
    assert (folder / "run" / "student.hpmkd").is_file()


def test_the_key_alone_may_be_missing(folder):
    data = {"XDG_DATA_HOME": str(folder / "data.csv" / "data")}
    done = installed(*ARGUMENTS, "--out", "run", "--quiet", "--no-memory", **data)
    assert done.returncode == 0, done.stderr
    assert [each.split(" can")[0] for each in done.stderr.splitlines()] == [
        f"warning: the user's key {folder}/data.csv/data/hpmkd/user.key",
        "warning: the disk cache",  # its entries are sealed with the key
    ]


@pytest.mark.parametrize("reason", ["Permission denied", "Read-only file system", "No space left"])
def test_a_run_without_a_key_cannot_be_resumed_and_says_so(folder, monkeypatch, reason):
    def refuse(*_):
        raise OSError(13, reason)

    class Stop:
        @hpmkd.hookimpl
        def hpmkd_trial_finished(self, trial):
            raise KeyboardInterrupt

    monkeypatch.setattr("hpmkd.runs.checkpoint.user_key", refuse)
    warned = pytest.warns(JournalWarning, match=f"user.key can be neither .*{reason}.*--resume")
    with warned, pytest.raises(KeyboardInterrupt):
        light(journal="run", observers=[Stop()])
    with pytest.warns(JournalWarning), pytest.raises(RunFolderError, match="another user"):
        light(journal="run")
    monkeypatch.undo()
    assert not key_path().exists()


def test_stopping_a_run_without_a_key_prints_no_resume_command(folder, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    def stop(self, trial):
        raise KeyboardInterrupt

    monkeypatch.setattr("hpmkd.runs.checkpoint.user_key", refuse)
    monkeypatch.setattr("hpmkd.training.best_so_far.BestSoFar.offer", stop)
    with pytest.warns(JournalWarning):
        done = hpmkd_runs(*ARGUMENTS, "--out", "run")
    assert done.exit_code == 130
    assert "stopped" in done.stderr
    assert "resume with" not in done.stderr


# ------------------------------------------------------------------ symbolic links


@pytest.mark.parametrize("there", ["folder", "dangling", "deep"])
def test_a_run_is_written_where_a_link_leads(folder, there):
    target = folder / "far" / ("deep/er" if there == "deep" else "run")
    if there == "folder":
        target.mkdir(parents=True)
    (folder / "link").symlink_to(os.path.relpath(target, folder))
    for overwrite in ([], ["--overwrite"]):
        done = hpmkd_runs(*ARGUMENTS, "--out", "link", "--quiet", *overwrite)
        assert done.exit_code == 0, done.output
        assert (folder / "link").is_symlink()
        assert (target / "run.json").is_file()
        assert os.listdir(target.parent) == [target.name]
    assert hpmkd.load("link").chosen == hpmkd.load(target).chosen


def test_a_run_in_python_is_kept_and_saved_where_a_link_leads(folder):
    (folder / "link").symlink_to("far")
    found = light(journal="link")
    assert (folder / "far" / "journal").is_file()
    found.save("far")  # the same folder by its other name
    assert (folder / "far" / "run.json").is_file()
    assert (folder / "link").is_symlink()


def test_a_run_killed_between_two_renames_is_found_again_behind_a_link(folder, found):
    (folder / "link").symlink_to("far")
    draft = folder / ".far.draft-x"
    (draft / "old").mkdir(parents=True)
    found.save(draft / "new")
    done = hpmkd_runs(*ARGUMENTS, "--resume", "link", "--quiet")
    assert (folder / "link").is_symlink()
    assert (folder / "far" / "run.json").is_file()
    assert "is complete" in done.output or done.exit_code == 7


def test_a_link_to_a_file_or_to_itself_is_no_place_for_a_run(folder):
    (folder / "link").symlink_to("data.csv")
    (folder / "circle").symlink_to("circle")
    before = (folder / "data.csv").read_bytes()
    for name in ("link", "circle"):
        done = hpmkd_runs(*ARGUMENTS, "--out", name, "--overwrite")
        assert done.exit_code == 7
        assert (folder / name).is_symlink()
    assert (folder / "data.csv").read_bytes() == before


def test_pictures_are_written_where_a_link_leads(folder):
    pytest.importorskip("matplotlib")
    (folder / "link").symlink_to("far")
    done = hpmkd_runs("report", "done", "--figures", "link", "--out", "r.html", "--quiet")
    assert done.exit_code == 0, done.output
    assert (folder / "link").is_symlink()
    assert list((folder / "far").glob("*.png"))
