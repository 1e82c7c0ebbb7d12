from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import hpmkd
from hpmkd.errors import RunFolderError, StudentFileError
from hpmkd.runs.folder import check_free, load_front, read_json, writing


def write(folder, text="new", **options):
    with writing(folder, **options) as draft:
        draft.joinpath("run.json").write_text(f'"{text}"')
        draft.joinpath("students").mkdir()
        draft.joinpath("students", "tree.hpmkd").write_text(text)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


NEW = {"run.json": '"new"', "students/tree.hpmkd": "new"}
OLD = {"run.json": '"old"', "students/tree.hpmkd": "old"}


def test_a_new_folder_is_written_with_its_parents_and_nothing_beside(tmp_path):
    write(tmp_path / "a" / "b")
    assert content(tmp_path / "a" / "b") == NEW
    assert os.listdir(tmp_path / "a") == ["b"]


def test_two_writers_of_one_folder_do_not_meet(tmp_path):
    with writing(tmp_path / "run", overwrite=True) as draft:
        draft.joinpath("run.json").write_text('"new"')
        write(tmp_path / "run", "old", overwrite=True)
        assert content(tmp_path / "run") == OLD
        draft.joinpath("students").mkdir()
        draft.joinpath("students", "tree.hpmkd").write_text("new")
    assert content(tmp_path / "run") == NEW
    assert os.listdir(tmp_path) == ["run"]


def test_relative_paths_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("run")
    assert content(tmp_path / "run") == NEW


def test_a_new_folder_can_be_read_by_others_as_any_folder(tmp_path):
    write(tmp_path / "run")
    tmp_path.joinpath("plain").mkdir()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("run", "plain")]
    assert modes[0] == modes[1]


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    tmp_path.joinpath("run").mkdir()
    write(tmp_path / "run")
    assert content(tmp_path / "run") == NEW


def test_a_run_that_is_there_is_refused(tmp_path):
    write(tmp_path / "run", "old")
    for attempt in (check_free, write):
        with pytest.raises(RunFolderError, match=r"exists already; choose another --out.*--over"):
            attempt(tmp_path / "run")
    assert content(tmp_path / "run") == OLD


def test_a_run_that_is_there_is_replaced_if_asked(tmp_path):
    write(tmp_path / "run", "old")
    tmp_path.joinpath("run", "stale.txt").write_text("of the old run")
    write(tmp_path / "run", overwrite=True)
    assert content(tmp_path / "run") == NEW
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_never_overwritten(tmp_path, overwrite):
    tmp_path.joinpath("thesis").mkdir()
    tmp_path.joinpath("thesis", "chapter.tex").write_text("precious")
    for attempt in (check_free, write):
        with pytest.raises(RunFolderError, match="thesis"):
            attempt(tmp_path / "thesis", overwrite=overwrite)
    assert content(tmp_path / "thesis") == {"chapter.tex": "precious"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_never_overwritten(tmp_path, overwrite):
    tmp_path.joinpath("file").write_text("precious")
    with pytest.raises(RunFolderError, match="file"):
        write(tmp_path / "file", overwrite=overwrite)
    assert tmp_path.joinpath("file").read_text() == "precious"


def test_a_parent_that_is_a_file_is_explained(tmp_path):
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write .*file/run.*choose another --out"):
        check_free(tmp_path / "file" / "run")


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_run_intact(tmp_path, error):
    def fail():
        with writing(tmp_path / "run", overwrite=True) as draft:
            draft.joinpath("run.json").write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert os.listdir(tmp_path) == []
    write(tmp_path / "run", "old")
    with pytest.raises(type(error)):
        fail()
    assert content(tmp_path / "run") == OLD
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
def test_a_failure_between_old_and_new_brings_the_old_run_back(tmp_path, monkeypatch, error):
    write(tmp_path / "run", "old")
    rename = Path.rename

    def fail(self, target):
        if self.name == "new":
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises((RunFolderError, KeyboardInterrupt)):
        write(tmp_path / "run", overwrite=True)
    assert content(tmp_path / "run") == OLD
    assert os.listdir(tmp_path) == ["run"]


def test_a_full_disk_leaves_the_old_run_intact(tmp_path, monkeypatch):
    write(tmp_path / "run", "old")

    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(RunFolderError, match=r"cannot write .*run: No space left on device"):
        write(tmp_path / "run", overwrite=True)
    monkeypatch.undo()
    assert content(tmp_path / "run") == OLD
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a tmpfs")
def test_a_disk_that_is_really_full_leaves_nothing_half_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("may not mount a tmpfs here")
    try:
        write(disk / "old", "old")
        with pytest.raises(RunFolderError, match="No space left on device"):
            write(disk / "run", "x" * 1_000_000)
        assert os.listdir(disk) == ["old"]
        assert content(disk / "old") == OLD
    finally:
        subprocess.run(["umount", disk], check=True)


KILLED = """
import sys, time
from hpmkd.runs.folder import writing
with writing(sys.argv[1], overwrite=True) as draft:
    draft.joinpath("run.json").write_text('"half"')
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("old", [False, True])
def test_a_process_that_is_killed_leaves_nothing_that_loads(tmp_path, old):
    if old:
        write(tmp_path / "run", "old")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    if old:
        assert content(tmp_path / "run") == OLD
    else:
        assert not tmp_path.joinpath("run").exists()
        write(tmp_path / "run")
        assert content(tmp_path / "run") == NEW


def test_a_parent_that_may_not_be_written_is_refused_before_any_work(tmp_path):
    parent = tmp_path / "locked"
    parent.mkdir()
    parent.chmod(0o500)
    try:
        parent.joinpath("probe").mkdir()
    except PermissionError:
        with pytest.raises(RunFolderError, match="Permission denied; choose another --out"):
            check_free(parent / "run")
    else:
        pytest.skip("permissions are not enforced for this user (root)")
    finally:
        parent.chmod(0o700)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system nobody may write")
def test_a_file_system_that_nobody_may_write_is_refused_before_any_work():
    with pytest.raises(RunFolderError, match=r"cannot write /proc/hpmkd-run.*choose another"):
        check_free("/proc/hpmkd-run")


def test_check_free_leaves_nothing_behind(tmp_path):
    check_free(tmp_path / "run")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is no run folder: run.json is missing"),
        *((junk, "cannot be read") for junk in (b"{", b"\0", b"\xff\xfe\x00")),
    ],
)
def test_missing_and_damaged_json_is_explained(tmp_path, text, message):
    path = tmp_path / "run.json"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(StudentFileError, match=message):
        read_json(path)


def test_a_file_is_no_run_folder(tmp_path):
    path = tmp_path / "student.hpmkd"
    path.write_bytes(b"hpmkd")
    for read in (load_front, hpmkd.load):
        with pytest.raises(StudentFileError) as caught:
            read(path)
        assert str(caught.value) == (
            f"{path} is a file; expected a run folder, as hpmkd distill writes it. A student's "
            "file alone is read by hpmkd.Student.load, and by hpmkd predict"
        )


def test_json_need_not_be_an_object(tmp_path):
    tmp_path.joinpath("other.json").write_text("[1]")
    assert read_json(tmp_path / "other.json") == [1]
