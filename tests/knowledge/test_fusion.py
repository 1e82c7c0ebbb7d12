"""Knowledge: a fuser's summary of itself, with the names of the teachers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hpmkd.data.cache_region import NO_CACHE
from hpmkd.data.dataset import Dataset
from hpmkd.errors import PluginError
from hpmkd.knowledge.cached_fusion import CachedFusion
from hpmkd.knowledge.fusion import FittedFusion, Knowledge, fit_and_fuse, gather
from hpmkd.knowledge.regime import SELF
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.registry.registry import RegisteredComponent
from hpmkd.student import Pool
from hpmkd.values import Fused, Offer

WIN = {"column": "age", "cells": "over 60", "weight": 0.9, "mean_weight": 0.4}
PROBABILITIES = np.stack([np.full((4, 2), 0.5), np.tile([0.8, 0.2], (4, 1))])
LABELS = np.zeros(4, dtype=int)


class First:
    """Fuses to the first teacher alone; its summary is given."""

    def __init__(self, content=None):
        self.content = content or {}

    def fit(self, probabilities, labels, table):
        return self

    def fuse(self, probabilities, table):
        m, n, _ = probabilities.shape
        return Fused(probabilities[0], np.eye(m)[np.zeros(n, int)])

    def summary(self):
        return self.content


def selected(content=None):
    return ComponentSpec(
        RegisteredComponent("fuser", Offer("first", lambda: First(content), ""), "mine"), {}
    )


def test_wins_are_kept_by_name():
    content = {"wins": [{**WIN, "teacher": 1}, {**WIN, "teacher": 0}], "weights": [1.0, 0.0]}
    rows = Dataset(np.zeros((4, 1)), LABELS, np.arange(2))
    cached_fusion = CachedFusion(selected(content), PROBABILITIES, rows, NO_CACHE)
    knowledge = gather(["forest", "boosted"], SELF, cached_fusion)
    assert [win["teacher"] for win in knowledge.fuser["wins"]] == ["boosted", "forest"]
    assert knowledge.fuser["wins"][0] == {**WIN, "teacher": "boosted"}
    assert knowledge.fuser["weights"] == [1.0, 0.0]
    assert content["wins"][0]["teacher"] == 1  # the plugin's own is left alone
    read = Knowledge.from_mapping(json.loads(json.dumps(knowledge.to_mapping())))
    assert read.fuser == knowledge.fuser


def test_a_fuser_need_not_tell_of_wins():
    assert FittedFusion.fit(selected(), PROBABILITIES, LABELS, None).summary(["a", "b"]) == {}


@pytest.mark.parametrize("teacher", [2, -1, None, "boosted"])
def test_a_win_of_no_teacher_is_blamed_on_the_plugin(teacher):
    fusion = FittedFusion.fit(
        selected({"wins": [{**WIN, "teacher": teacher}]}), PROBABILITIES, LABELS, None
    )
    with pytest.raises(PluginError, match=r"mine.*failed in summary.*there are 2"):
        fusion.summary(["forest", "boosted"])


def test_fit_and_fuse_gives_the_soft_targets_alone():
    np.testing.assert_array_equal(
        fit_and_fuse(selected(), PROBABILITIES, LABELS, None), PROBABILITIES[0]
    )


def pooled_by(fuser):
    chosen = ComponentSpec(RegisteredComponent("fuser", Offer("mine", fuser, ""), "mine"), {})
    return FittedFusion.fit(chosen, PROBABILITIES, LABELS, None).pool(PROBABILITIES, None)


def of_pool(pool):
    return type("Fuser", (First,), {"to_pool": lambda self: pool})


def test_a_fuser_may_be_a_pool():
    pool = Pool(np.ones(2), np.array([1.0, 0.0]), np.zeros(2), np.zeros(2))
    assert pooled_by(of_pool(pool)) is pool
    assert pooled_by(of_pool(None)) is None
    assert pooled_by(First) is None


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (Pool.mean(2, 2), "its pool differs by 0.15 from what it fuses"),
        (Pool.mean(3, 2), r"expected \(3, n, 2\)"),
        ("a pool", "what to_pool returned is 'a pool'; expected a hpmkd.student.Pool or None"),
    ],
    ids=["another", "of other members", "none"],
)
def test_a_pool_that_is_none_is_blamed_on_its_plugin(pool, message):
    with pytest.raises(PluginError, match=f"'mine'.*failed in to_pool.*{message}"):
        pooled_by(of_pool(pool))
