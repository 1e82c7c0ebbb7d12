"""What comes with hpmkd: small, checked, numbers alone, and never of the data at hand."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder
from sklearn.datasets import load_breast_cancer

from hpmkd.cli import cli
from hpmkd.data.dataset import Dataset
from hpmkd.values import DataFacts
from hpmkd_defaults.memories import shipped as shipped_file
from hpmkd_defaults.memories import sqlite
from hpmkd_defaults.memories.folder import store_path
from hpmkd_defaults.memories.shipped import FILE, shipped
from hpmkd_defaults.memories.sqlite import MemoryWarning, SharedOptimizationMemory
from hpmkd_defaults.memories.store import RecordStore
from hpmkd_defaults.schedulers.paired_outcomes import contrasts

NEW = DataFacts(800, 17, 2, 0.93, digest="new")


def test_the_file_is_small_and_beside_the_code():
    assert FILE.stat().st_size <= 200_000
    assert FILE.parent.name == "memories"


def test_every_stage_has_its_defaults_on_every_set():
    hard = [each for each in shipped() if any(tried.stage == "tree" for tried in each.outcomes)]
    assert len(hard) >= 9
    for record in hard:
        stages = {tried.stage for tried in record.outcomes}
        assert stages == {"logistic", "tree", "gbm", "network", "xgboost"}
        for stage in stages:
            assert sum(t.is_default for t in record.outcomes if t.stage == stage) == 1


@pytest.mark.parametrize("stage", ["gbm", "xgboost"])
def test_a_scheduler_finds_pairs_that_differ_in_softening_alone(stage):
    outcomes = [each for record in shipped() for each in record.as_outcomes()]
    pairs = contrasts(each for each in outcomes if each.configuration.stage == stage)
    assert len(pairs) >= 9
    assert sum(map(len, pairs)) >= 90


def test_it_holds_no_text_but_the_names_of_stages_and_hyperparameters():
    texts = {
        value
        for record in shipped()
        for tried in record.outcomes
        for value in tried.hyperparameters.values()
        if isinstance(value, str)
    }
    assert texts <= {"multi_output_tree", "one_output_per_tree"}


def test_a_new_user_gets_suggestions_and_no_file_is_made():
    memory = SharedOptimizationMemory(shipped=True)
    assert memory.suggest(NEW, "tree")
    assert memory.outcomes(NEW)
    assert not store_path().exists()


def test_it_can_be_left_out():
    memory = SharedOptimizationMemory(shipped=False)
    assert (list(memory.suggest(NEW, "tree")), list(memory.outcomes(NEW))) == ([], [])


def test_it_stands_beside_what_the_user_has(facts, outcomes):
    memory = SharedOptimizationMemory(shipped=True)
    memory.remember(facts(), outcomes(facts(), {3: 0.0}))
    digests = {each.facts.digest for each in memory.outcomes(NEW)}
    assert digests == {facts().digest, *(each.digest for each in shipped())}
    # The user's own file holds what is the user's own.
    assert [each.digest for each in RecordStore(store_path()).read()] == [facts().digest]


@pytest.mark.parametrize("seed", range(3))
def test_it_never_helps_on_its_own_data_however_that_is_divided(seed):
    table, labels = load_breast_cancer(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(labels))[:200]
    facts = Dataset(table[rows], labels[rows], np.arange(2)).facts
    part = replace(facts, digest=f"part {seed}")
    left = {each.facts.digest for each in SharedOptimizationMemory(shipped=True).outcomes(part)}
    own = {each.digest for each in shipped() if (each.n_columns, each.n_classes) == (30, 2)}
    assert own
    assert not own & left
    assert len(left) == len(shipped()) - len(own)


def test_the_users_own_records_count_whatever_their_shape(facts, outcomes, monkeypatch):
    monkeypatch.setattr(sqlite, "shipped", tuple)
    memory = SharedOptimizationMemory(shipped=True)
    memory.remember(facts(), outcomes(facts(), {3: 0.0}))
    assert len(memory.outcomes(facts("b" * 64))) == 1


def test_the_wheel_takes_it_along():
    root = Path(__file__).parents[3]
    taken = {each.distribution_path for each in WheelBuilder(str(root)).recurse_included_files()}
    assert {
        "hpmkd_defaults/memories/shipped.json.gz",
        "hpmkd_defaults/memories/shipped.py",
    } <= taken


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", FILE.read_bytes()[:-40], gzip.compress(b"{}")], ids=len
)
def test_a_damaged_file_costs_what_is_in_it_alone(content, tmp_path, monkeypatch):
    damaged = tmp_path / "shipped.json.gz"
    damaged.write_bytes(content)
    monkeypatch.setattr(shipped_file, "FILE", damaged)
    shipped.cache_clear()
    try:
        memory = SharedOptimizationMemory(folder=str(tmp_path), shipped=True)
        with pytest.warns(MemoryWarning, match="install hpmkd again, or leave it out"):
            assert memory.outcomes(NEW) == []
        assert memory.suggest(NEW, "tree") == []  # told once
        told = CliRunner().invoke(cli, ["memory", "info"])
        assert (told.exit_code, "cannot be read" in told.output) == (1, True)
    finally:
        shipped.cache_clear()
