"""``hpmkd memory``: from runs to a file, to another memory, to nothing."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.values import Configuration, DataFacts, Outcome, TrainingState
from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.records import learned
from hpmkd_defaults.memories.shipped import FILE, shipped
from hpmkd_defaults.memories.store import RecordStore


def call(*arguments, **options):
    return CliRunner().invoke(cli, [str(each) for each in arguments], **options)


def record(digest, stages=("tree", "gbm"), **changes):
    facts = DataFacts(900, 7, 3, 0.8, 0.1, "self", digest * 64)
    info = [
        Outcome(
            facts,
            Configuration(stage, 1.0, 0.5, {"depth": 3, "growth": "deep"}),
            0.1 * at,
            1.0 * at,
            TrainingState(0.9, 0.2),
        )
        for at, stage in enumerate(stages)
    ]
    return msgspec.structs.replace(learned(facts, info), **changes)


@pytest.fixture
def path():
    """The user's memory, which knows two data sets."""
    RecordStore(store_path()).keep([record("a"), record("b", ("tree",))])
    return store_path()


def known(path):
    return {each.digest[0]: each for each in RecordStore(path).read()}


def test_info_before_any_run():
    info = json.loads(call("memory", "info", "--json").stdout)
    of_stages = Counter(tried.stage for each in shipped() for tried in each.outcomes)
    assert {"logistic", "tree", "gbm", "network", "xgboost"} == set(of_stages)
    assert info == {
        "file": str(store_path()),
        "bytes": 0,
        "data_sets": 0,
        "outcomes": {},
        "set_aside": [],
        "shipped": {
            "file": str(FILE),
            "bytes": FILE.stat().st_size,
            "data_sets": len(shipped()),
            "outcomes": dict(sorted(of_stages.items())),
        },
    }
    assert "data sets    0\n" in call("memory", "info").stdout
    assert not store_path().exists()


def test_info(path):
    info = json.loads(call("memory", "info", "--json").stdout)
    assert (info["file"], info["bytes"]) == (str(path), path.stat().st_size)
    assert (info["data_sets"], info["outcomes"]) == (2, {"gbm": 1, "tree": 2})
    shown = call("memory", "info")
    assert (shown.exit_code, shown.stderr) == (0, "")
    size = f"{path.stat().st_size / 1e3:.1f} kB"
    assert shown.stdout.splitlines()[0] == f"file         {path}, {size}"
    assert shown.stdout.splitlines()[1:] == [
        "data sets    2",
        "gbm          1 outcome",
        "tree         2 outcomes",
        "total        3 outcomes",
        f"shipped      {FILE}, {FILE.stat().st_size / 1e3:.1f} kB: {len(shipped())} data sets, "
        f"{sum(len(each.outcomes) for each in shipped())} outcomes",
    ]


def test_a_folder_of_ones_own(path, tmp_path):
    info = json.loads(call("memory", "info", "--json", "--folder", tmp_path).stdout)
    assert (info["file"], info["data_sets"]) == (str(tmp_path / path.name), 0)


def test_clear_asks(path):
    refused = call("memory", "clear", input="n\n")
    assert refused.exit_code == 1
    assert f"Forget all that is in {path}? [y/N]" in refused.output
    path.with_name(f"{path.name}.set-aside-1").write_text("older")
    refused = call("memory", "clear", input="n\n")
    assert f"in {path} and in the stores set aside from it? [y/N]" in refused.output
    assert set(known(path)) == {"a", "b"}
    agreed = call("memory", "clear", input="y\n")
    assert agreed.exit_code == 0
    assert known(path) == {}


def test_clear_leaves_nothing_behind(path):
    assert b"growth" in path.read_bytes()
    aside = path.with_name(f"{path.name}.set-aside-3")
    aside.write_text("older")
    path.with_name("notes.txt").write_text("mine")
    cleared = call("memory", "clear", "--yes")
    assert (cleared.exit_code, cleared.stderr) == (0, "")
    assert cleared.stdout == (
        f"2 data sets removed from {path}\n{aside}, which was set aside, removed\n"
    )
    assert b"growth" not in path.read_bytes()
    assert {each.name for each in path.parent.iterdir()} == {path.name, "notes.txt"}
    assert call("memory", "clear", "--yes").stdout.startswith("0 data sets removed")


def test_clear_before_any_run():
    assert call("memory", "clear", "--yes").exit_code == 0
    assert not store_path().exists()


def test_a_damaged_store_is_named_and_can_be_cleared(path):
    path.write_text("no database\n" * 100)
    for command in (("info",), ("export", "-")):
        result = call("memory", *command)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: cannot read {path}: file is not a database. The next run sets it aside; "
            "to remove it: hpmkd memory clear\n"
        )
    assert path.read_text().startswith("no database")
    cleared = call("memory", "clear", "--yes")
    assert cleared.stdout == f"unreadable content removed from {path}\n"
    assert list(path.parent.iterdir()) == []


def test_a_file_instead_of_the_folder(tmp_path):
    place = tmp_path / "kept"
    place.write_text("mine")
    for command in (("info",), ("clear", "--yes"), ("export", "-")):
        result = call("memory", *command, "--folder", place)
        assert result.exit_code == 1
        assert result.stderr == f"Error: {place} is a file; expected the folder of the memory\n"
    assert place.read_text() == "mine"


def test_a_store_in_use_is_said(path, monkeypatch):
    monkeypatch.setattr("hpmkd_defaults.memories.store.PATIENCE", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        result = call("memory", "info")
    assert result.exit_code == 1
    assert result.stderr == f"Error: cannot use {path}: database is locked\n"


# ------------------------------------------------------------------ export and import


def test_there_and_back(path, tmp_path):
    file, other = tmp_path / "ours.json", tmp_path / "other"
    exported = call("memory", "export", file)
    assert (exported.exit_code, exported.stdout) == (0, f"2 data sets written to {file}\n")
    imported = call("memory", "import", file, "--folder", other)
    assert (imported.exit_code, imported.stderr) == (0, "")
    assert imported.stdout == "2 data sets added, 0 changed\n"
    assert known(store_path(str(other))) == known(path)
    again = call("memory", "import", file, "--folder", other)
    assert again.stdout.endswith("0 changed, 2 left out: more or newer is known\n")


def test_by_way_of_a_pipe(path, tmp_path):
    exported = call("memory", "export", "-")
    assert json.loads(exported.stdout)["format"] == "hpmkd memory"
    imported = call("memory", "import", "-", "--folder", tmp_path, input=exported.stdout)
    assert imported.exit_code == 0
    assert known(store_path(str(tmp_path))) == known(path)


def test_nothing_but_numbers_and_names_of_the_host_is_exported(path):
    (one, _) = json.loads(call("memory", "export", "-").stdout)["data_sets"]
    assert set(one) == {
        *("digest", "n_rows", "n_columns", "n_classes", "balance", "noise", "regime"),
        *("hpmkd", "learned_at", "outcomes"),
    }
    assert set(one["outcomes"][0]) == {
        *(
            "stage",
            "temperature",
            "alpha",
            "extra_weight",
            "hyperparameters",
            "regret",
            "rank",
            "state",
            "is_default",
        ),
    }


def test_a_file_is_not_replaced_unless_that_is_said(path, tmp_path):
    file = tmp_path / "ours.json"
    file.write_text("mine")
    result = call("memory", "export", file)
    assert result.exit_code == 2
    assert f"{file} exists; name another file, or add --overwrite" in result.stderr
    assert file.read_text() == "mine"
    assert call("memory", "export", file, "--overwrite").exit_code == 0
    assert json.loads(file.read_text())["version"] == 1
    assert [each.name for each in tmp_path.iterdir()].count("ours.json") == 1


def test_a_place_that_cannot_be_written(path, tmp_path):
    result = call("memory", "export", tmp_path / "nowhere" / "ours.json")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert "No such file or directory" in result.stderr


def test_what_is_imported_is_joined_with_what_is_known_as_between_runs(path, tmp_path):
    mine = known(path)
    newer, older = (mine["a"].learned_at + timedelta(hours=hours) for hours in (1, -1))
    given = [
        record("a", ("logistic",), learned_at=newer, n_rows=800),
        record("b", ("tree",), learned_at=older, n_rows=800),
        record("c", ("logistic",)),
    ]
    other = tmp_path / "other"
    RecordStore(store_path(str(other))).keep(given)
    call("memory", "export", tmp_path / "theirs.json", "--folder", other)
    imported = call("memory", "import", tmp_path / "theirs.json")
    assert imported.stdout == ("1 data set added, 1 changed, 1 left out: more or newer is known\n")
    now = known(path)
    assert {digest: {tried.stage for tried in each.outcomes} for digest, each in now.items()} == {
        "a": {"gbm", "logistic", "tree"},
        "b": {"tree"},
        "c": {"logistic"},
    }
    assert (now["a"].n_rows, now["a"].learned_at) == (800, newer)
    assert now["b"] == mine["b"]


def set_to(*keys, value):
    def change(document):
        place = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def without(*keys):
    def change(document):
        place = document
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def in_hours(hours):
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


FIRST = ("data_sets", 0)
TRIED = (*FIRST, "outcomes", 0)
LATE = r"Expected a moment <= .* - at `\$\.data_sets\[1\]\.learned_at`"
WRONG = [
    (set_to("format", value="recipe"), "`\\$\\.format`"),
    (set_to("version", value=2), "2 - at `\\$.version`"),
    (without("data_sets"), "`data_sets`"),
    (set_to("more", value=1), "unknown field `more`"),
    (set_to(*FIRST, "digest", value=""), r"`\$\.data_sets\[1\]\.digest`"),
    (set_to(*FIRST, "n_rows", value=0), "n_rows`"),
    (set_to(*FIRST, "n_rows", value=2**63), "n_rows`"),
    (set_to(*FIRST, "n_rows", value=10**25), "n_rows`"),
    (set_to(*FIRST, "n_columns", value="7"), "n_columns`"),
    (set_to(*FIRST, "n_classes", value=2.5), "n_classes`"),
    (set_to(*FIRST, "balance", value=1.5), "balance`"),
    (set_to(*FIRST, "noise", value=-0.1), "noise`"),
    (set_to(*FIRST, "regime", value="sunny"), "'sunny' - at .*regime`"),
    (set_to(*FIRST, "hpmkd", value=1), "hpmkd`"),
    (set_to(*FIRST, "learned_at", value="2026-01-01T00:00:00"), "learned_at`"),
    (set_to(*FIRST, "learned_at", value="0001-01-01T00:00:00+14:00"), "`learned_at` >= 1970"),
    (set_to(*FIRST, "learned_at", value="9999-12-31T23:59:59-14:00"), LATE),
    (set_to(*FIRST, "learned_at", value=in_hours(48)), LATE),
    (set_to(*FIRST, "rows", value=[[1, 2]]), "unknown field `rows`"),
    (set_to(*TRIED, "stage", value="s" * 300), "stage`"),
    (set_to(*TRIED, "temperature", value=0), "temperature`"),
    (set_to(*TRIED, "alpha", value=1.01), "alpha`"),
    (set_to(*TRIED, "hyperparameters", value=[3]), "hyperparameters`"),
    (set_to(*TRIED, "hyperparameters", "depth", value=[3]), "hyperparameters"),
    (set_to(*TRIED, "hyperparameters", "depth", value=None), "hyperparameters"),
    (set_to(*TRIED, "regret", value=-1), "regret`"),
    (set_to(*TRIED, "rank", value=2), "rank`"),
    (without(*TRIED, "rank"), "`rank`"),
    (set_to(*TRIED, "state", value={}), "`progress`"),
    (set_to(*TRIED, "state", "progress", value=1.5), "progress`"),
    (set_to(*TRIED, "state", "loss", value="low"), "loss`"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_one_wrong_field_and_nothing_is_imported(path, tmp_path, change, message):
    document = json.loads(call("memory", "export", "-").stdout)
    # A right one before it must not get in either.
    right = {**document["data_sets"][1], "digest": "c" * 64}
    change(document)
    if "data_sets" in document:
        document["data_sets"].insert(0, right)
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps(document))
    before = known(path)
    result = call("memory", "import", file)
    assert result.exit_code == 2
    assert f"cannot import {file}: " in result.stderr
    assert "expected a file of: hpmkd memory export" in result.stderr
    assert re.search(message, result.stderr), result.stderr
    assert known(path) == before


def test_a_clock_that_is_a_few_hours_ahead_is_no_error(path, tmp_path):
    document = json.loads(call("memory", "export", "-").stdout)
    document["data_sets"][0]["learned_at"] = in_hours(23.9)
    imported = call("memory", "import", "-", input=json.dumps(document))
    assert imported.stdout == "0 data sets added, 1 changed, 1 left out: more or newer is known\n"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"format": 1e999}'])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    file = tmp_path / "theirs.json"
    file.write_bytes(content)
    result = call("memory", "import", file)
    assert result.exit_code == 2
    assert f"cannot import {file}: " in result.stderr
    assert not store_path().exists()


def test_a_file_that_is_not_there(tmp_path):
    result = call("memory", "import", tmp_path / "theirs.json")
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


# ----------------------------------------------------------------------- with a run


@pytest.mark.parametrize("options", [(), ("--no-memory",), ("--set=memory=none",)])
def test_a_run_keeps_what_it_learned_unless_told_not_to(tmp_path, people, options):
    labelled = people.replace({"yes": "secret yes", "no": "secret no", "Oslo": "secret city"})
    labelled.add_prefix("secret ").to_csv(tmp_path / "secret.csv", index=False)
    result = call(
        *("distill", tmp_path / "secret.csv", "--target", "secret bought", "--quiet"),
        *("--out", tmp_path / "run", "--student", "tree", "--set=sampler.trials=2"),
        *("--teacher=sklearn.naive_bayes:GaussianNB", "--set=augmenter.name=none", *options),
    )
    assert result.exit_code == 0, result.output
    info = json.loads(call("memory", "info", "--json").stdout)
    if options:
        assert (info["data_sets"], info["bytes"]) == (0, 0)
        return
    assert info["data_sets"] == 1
    assert set(info["outcomes"]) == {"tree"}
    content = store_path().read_bytes()
    assert b"max_leaf_nodes" in content
    assert b"secret" not in content
    assert str(tmp_path).encode() not in content


def test_the_help_names_it():
    assert "\n  memory " in call("--help").stdout
    shown = call("memory", "--help").stdout
    assert {"info", "clear", "export", "import"} <= set(shown.split())
    for command in ("info", "clear", "export", "import"):
        assert f"hpmkd memory {command}" in call("memory", command, "--help").stdout


@pytest.mark.parametrize("arguments", [["memory", "info"], ["memory", "--help"]])
def test_it_loads_nothing_heavy(in_fresh_process, arguments):
    source = f"""
import contextlib, io, sys
from hpmkd.cli import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli({arguments!r}, standalone_mode=False)
print(sorted({{"numba", "sklearn", "xgboost", "optuna", "pandas", "scipy"}} & set(sys.modules)))
"""
    assert in_fresh_process(source) == "[]"
