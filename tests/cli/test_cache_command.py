"""``hpmkd cache``: from a run with the disk tier to an empty folder."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from rich.filesize import decimal

from hpmkd.cli import cli


def call(*arguments):
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The user's cache folder, empty."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache"


def distil(tmp_path, people, *options):
    people.to_csv(tmp_path / "data.csv", index=False)
    return call(
        *("distill", tmp_path / "data.csv", "--target", "bought", "--quiet", "--json"),
        *("--out", tmp_path / "run", "--overwrite", "--student", "tree"),
        *("--teacher=sklearn.naive_bayes:GaussianNB", "--set=sampler.trials=1"),
        *("--set=split.folds=2",),
        *("--set=augmenter.name=none", *options),
    )


def test_a_folder_without_entries(place):
    info = json.loads(call("cache", "info", "--json").stdout)
    assert info == {"folder": str(place), "entries": 0, "bytes": 0, "regions": {}}
    assert "total        0 entries, 0 bytes" in call("cache", "info").stdout
    assert call("cache", "clear").stdout.startswith("0 entries removed")
    assert not place.exists()


def test_from_a_run_to_a_clear(place, tmp_path, people):
    """Nothing asks for the files; another limit, fuser and weight still ask no teacher."""
    others = ("--max-size=50KB", "--set=fuser=mean", "--set=search.alphas.self=[0.3]")
    for options in ((), others):
        result = distil(tmp_path, people, *options)
        assert (result.exit_code, result.stderr) == (0, "")
        counts = json.loads(result.stdout)["counts"]
        asked = [counts[name] for name in ("teacher_fits", "teacher_calls", "cache_disk_hits")]
        assert [bool(each) for each in asked] == ([False, False, True] if options else [1, 1, 0])
        assert json.loads(tmp_path.joinpath("run", "counts.json").read_text()) == counts
    info = json.loads(call("cache", "info", "--json").stdout)
    files = [path for path in place.rglob("*") if path.is_file()]
    n, n_bytes = len(files), sum(path.stat().st_size for path in files)
    assert info["regions"] == {"teacher": {"entries": n, "bytes": n_bytes}}
    assert (info["entries"], info["bytes"]) == (n, n_bytes)
    assert asked[-1] == n
    assert f"teacher      {n} entries" in call("cache", "info").stdout
    cleared = call("cache", "clear")
    assert (cleared.exit_code, cleared.stderr) == (0, "")
    assert cleared.stdout == f"{n} entries removed from {place}, {decimal(n_bytes)} freed\n"
    assert list(place.iterdir()) == []


def test_no_cache_neither_reads_nor_writes_files(place, tmp_path, people):
    for _ in range(2):
        assert distil(tmp_path, people, "--no-cache").exit_code == 0
        assert not place.exists()
    assert distil(tmp_path, people).exit_code == 0
    result = distil(tmp_path, people, "--no-cache")
    assert json.loads(result.stdout)["counts"]["teacher_fits"] > 0


def test_a_folder_of_ones_own(tmp_path, place, people):
    own = tmp_path / "own"
    assert distil(tmp_path, people, f"--set=cache.folder={own}").exit_code == 0
    n = json.loads(call("cache", "info", "--json", "--folder", own).stdout)["entries"]
    assert n > 0
    assert call("cache", "clear", "--folder", own).stdout.startswith(f"{n} entries removed")
    assert not place.exists()


@pytest.mark.parametrize("command", ["info", "clear"])
def test_a_file_is_no_folder(place, tmp_path, command):
    path = tmp_path / "data.csv"
    path.write_text("a,b")
    result = call("cache", command, "--folder", path)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {path} is a file; expected the folder of the cache\n"
    assert path.read_text() == "a,b"


def test_what_is_not_ours_stays(place):
    ours, directory = (place / "v1" / "teacher" / f"{name * 64}.array" for name in "ab")
    directory.mkdir(parents=True)
    ours.write_bytes(b"entry")
    assert json.loads(call("cache", "info", "--json").stdout)["entries"] == 1
    cleared = call("cache", "clear")
    assert cleared.exit_code == 0
    assert cleared.stdout.startswith("1 entry removed")
    assert directory.is_dir()
    assert not ours.exists()


def test_clear_leaves_what_looks_alike(place, tmp_path):
    home = tmp_path / "home"
    others = [home / "v2" / "results" / "big.array", home / "v1" / "teacher" / "big.array"]
    for path in others:
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    empty = home / "v3" / "teacher"
    empty.mkdir(parents=True)
    cleared = call("cache", "clear", "--folder", home)
    assert cleared.stdout.startswith(f"0 entries removed from {home}")
    assert [path.read_text() for path in others] == ["mine", "mine"]
    assert empty.is_dir()


def test_what_cannot_be_removed_is_said(place, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hpmkd_defaults.caches.command.clear", refuse)
    result = call("cache", "clear")
    assert result.exit_code == 1
    assert result.stderr == f"Error: cannot clear {place}: Permission denied\n"


def test_the_help_names_it():
    assert "\n  cache " in call("--help").stdout
    assert {"info", "clear"} <= set(call("cache", "--help").stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["cache", "info"], ["cache", "--help"]])
def test_it_loads_nothing_heavy(in_fresh_process, arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = f"""
import contextlib, io, sys
from hpmkd.cli import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli({arguments!r}, standalone_mode=False)
print(sorted({{"numpy", "numba", "sklearn", "xgboost", "optuna", "pandas"}} & set(sys.modules)))
"""
    assert in_fresh_process(source) == "[]"
