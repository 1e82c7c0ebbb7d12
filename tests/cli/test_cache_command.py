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
    # The teacher: two selection folds, the end, its cost. Encoder and matrix of each. Fused
    # likewise, for the test rows too, summary and cost.
    regions = {"attention": 3 + 1 + 2, "feature": 3 * 2, "teacher": 4}
    n = sum(regions.values())
    for hits in (0, n):
        result = distil(tmp_path, people, "--set=cache.disk=true")
        assert (result.exit_code, result.stderr) == (0, "")
        counts = json.loads(result.stdout)["counts"]
        assert (counts["cache_disk_hits"], counts["cache_misses"]) == (hits, n - hits)
        assert counts["teacher_calls"] == (0 if hits else 2 * 2 + 2 * 2)
        assert json.loads(tmp_path.joinpath("run", "counts.json").read_text()) == counts
    info = json.loads(call("cache", "info", "--json").stdout)
    sizes = [path.stat().st_size for path in place.rglob("*") if path.is_file()]
    assert {name: each["entries"] for name, each in info["regions"].items()} == regions
    assert sum(each["bytes"] for each in info["regions"].values()) == sum(sizes)
    assert (info["entries"], info["bytes"]) == (n, sum(sizes))
    assert "teacher      4 entries" in call("cache", "info").stdout
    cleared = call("cache", "clear")
    assert (cleared.exit_code, cleared.stderr) == (0, "")
    assert cleared.stdout == f"{n} entries removed from {place}, {decimal(sum(sizes))} freed\n"
    assert list(place.iterdir()) == []


def test_a_run_leaves_no_files_unless_asked_to(place, tmp_path, people):
    assert distil(tmp_path, people).exit_code == 0
    assert not place.exists()


def test_a_folder_of_ones_own(tmp_path, place, people):
    own = tmp_path / "own"
    # To name one is to ask for the disk.
    options = (f"--set=cache.folder={own}", '--set=cache.disk_regions=["teacher"]')
    assert distil(tmp_path, people, *options).exit_code == 0
    assert json.loads(call("cache", "info", "--json", "--folder", own).stdout)["entries"] == 4
    assert call("cache", "clear", "--folder", own).stdout.startswith("4 entries removed")
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
