"""``hpmkd doctor``: a line for each thing that commands need."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, PackageNotFoundError

import pytest
from click.testing import CliRunner

import hpmkd.cli.doctor.places
import hpmkd.cli.doctor.software
from hpmkd.cli import cli
from hpmkd.cli.doctor import check
from hpmkd.user_key import key_path, user_key


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def doctor(*arguments):
    return CliRunner().invoke(cli, ["doctor", *arguments], catch_exceptions=False)


def problems():
    done = doctor("--json")
    result = json.loads(done.stdout)
    found = [each for each in result["checks"] if each["status"] == "problem"]
    assert (done.exit_code, result["ok"]) == ((1, False) if found else (0, True))
    assert all(each["advice"] for each in found)
    return {each["name"]: each["found"] for each in found}


def test_where_all_is_well_every_line_is_ok_and_nothing_is_left(folder):
    done = doctor()
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert {line.split()[0] for line in lines} == {"ok"}
    names = [line[9:].split("  ")[0] for line in lines]
    assert names == [
        *("versions", "extras", "plugins", "threads", "key", "runs", "data folder", "cache"),
        *("temporary", "kernels"),
    ]
    assert "xgboost" in lines[0]
    assert "defaults" in lines[2]
    assert "core" in lines[3]
    assert list(folder.iterdir()) == []
    assert not key_path().exists()
    user_key()
    assert str(key_path()) in doctor().stdout


def test_a_place_that_cannot_be_written_is_a_problem(folder, monkeypatch):
    (folder / "runs").touch()
    (folder / "file").touch()
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: folder / "file" / "hpmkd")
    found = problems()
    assert set(found) == {"runs", "cache"}
    assert f"{folder / 'file'} is a file" in found["cache"]
    text = doctor().stdout
    assert "problem  cache" in text
    assert "-> give XDG_CACHE_HOME a folder that you may write to, or distil --no-cache" in text
    assert text.endswith("\n2 problems\n")


def test_a_full_disk_is_a_problem(monkeypatch):
    monkeypatch.setattr(hpmkd.cli.doctor.places, "LEAST_FREE", 10**18)
    assert "free" in problems()["runs"]


def test_a_key_that_others_may_read_is_a_problem():
    user_key()
    key_path().chmod(0o644)
    assert "is open to other users" in problems()["key"]


def test_a_broken_plugin_and_a_missing_library_are_problems(monkeypatch):
    broken = EntryPoint("mine", "no_such_module", "hpmkd")
    monkeypatch.setattr("hpmkd.registry.registry.entry_points", lambda group: [broken])
    version = hpmkd.cli.doctor.software.version

    def lacking(name):
        if name in ("scipy", "onnx"):
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(hpmkd.cli.doctor.software, "version", lacking)
    found = problems()
    assert "mine" in found["plugins"]
    assert "No module named 'no_such_module'" in found["plugins"]
    assert found["versions"] == "scipy is not installed"
    assert "HPMKD_DISABLE=mine" in doctor().stdout
    assert "pip install 'hpmkd[onnx]'" in doctor().stdout


def test_kernels_that_are_not_there_are_a_problem(choose):
    choose("fortran")
    assert "expected one of c, numba, numpy" in problems()["kernels"]


def test_kernels_that_are_not_compiled_are_no_problem(monkeypatch):
    from hpmkd.kernels.background import groups

    monkeypatch.setattr(
        "hpmkd.kernels.background.missing_groups", lambda full: list(groups(full=full))
    )
    assert problems() == {}
    assert "to compile, once, in the first run" in doctor().stdout
    assert "-> hpmkd warm compiles them ahead" in doctor().stdout


def test_what_takes_longest_comes_last():
    *_, last = check.all_checks()
    assert last.name == "kernels"
