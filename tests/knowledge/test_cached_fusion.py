"""Each result of a fuser is computed once; the fuser is fitted only if one is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.data.dataset import Dataset
from hpmkd.knowledge.cached_fusion import CachedFusion
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd.recipe.resolve import ComponentSpec
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.values import Fused, Offer

N, K, M = 40, 3, 2
FITS = []
TEACHERS = ["one", "other"]


class Fitted:
    def __init__(self, weights, sharpness):
        self.weights, self.sharpness = weights, sharpness

    def fuse(self, probabilities, table):
        pooled = np.einsum("m,mnk->nk", self.weights, probabilities) ** self.sharpness
        fused = pooled / pooled.sum(axis=1, keepdims=True)
        # Without memory of its own, as fusers that weigh all rows alike return them.
        weights = np.broadcast_to(self.weights, (len(fused), len(self.weights)))
        return Fused(np.asfortranarray(fused), weights)

    def summary(self):
        return {"weights": self.weights.tolist(), "b": 1, "a": 2}


class Weighing:
    """Weighs teachers by what they gave to the labels."""

    def __init__(self, sharpness: float = 1.5):
        self.sharpness = sharpness

    def fit(self, probabilities, labels, table):
        FITS.append(1)
        right = probabilities[:, np.arange(len(labels)), labels].mean(axis=1)
        return Fitted(right / right.sum(), self.sharpness)


def selected(factory=Weighing, source="dist 1.0", **settings):
    offered = RegisteredComponent("fuser", Offer("weighing", factory, ""), "p", source)
    return ComponentSpec(offered, settings)


@pytest.fixture
def probabilities():
    return np.random.default_rng(0).dirichlet([1] * K, (M, N))


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    return Dataset(rng.normal(size=(N, 4)), rng.integers(0, K, N), np.arange(K))


@pytest.fixture
def fits():
    FITS.clear()
    return FITS


def results(cached_fusion, probabilities, rows):
    own, other = cached_fusion.own(), cached_fusion.fuse(probabilities[:, :7], rows.table[:7])
    return [each.tobytes() for each in (*own, *other)], list(
        cached_fusion.summary(TEACHERS).items()
    )


def test_it_answers_as_the_fuser_does_kept_or_not(probabilities, rows, dict_cache, fits):
    cached = CacheRegion(dict_cache, "attention")
    direct = FittedFusion.fit(selected(), probabilities, rows.labels, rows.table)
    expected = direct.fuse(probabilities, rows.table)
    fits.clear()
    made = [
        CachedFusion(selected(), probabilities, rows, region)
        for region in (cached, cached, NO_CACHE)
    ]
    first, *others = [results(each, probabilities, rows) for each in made]
    assert all(other == first for other in others)
    # The second needed no fit, the first and the one without a cache one each.
    assert len(fits) == 2
    for each, expect in zip(made[1].own(), expected, strict=True):
        assert np.array_equal(each, expect)
        assert each.flags.c_contiguous
    assert not made[1].own()[0].flags.writeable
    assert {region for region, _ in dict_cache.entries} == {"attention"}


def test_a_fuser_that_is_not_asked_is_not_fitted(probabilities, rows, dict_cache, fits):
    CachedFusion(selected(), probabilities, rows, CacheRegion(dict_cache, "attention"))
    assert fits == []


def test_whatever_decides_the_answer_is_in_the_key(probabilities, rows, dict_cache, fits):
    class Other(Weighing):
        """The same name on offer, other code."""

        def fit(self, probabilities, labels, table):
            return super().fit(probabilities[::-1], labels, table)

    region = CacheRegion(dict_cache, "attention")
    moved, relabelled, other = rows.table.copy(), rows.labels.copy(), probabilities.copy()
    moved[0, 0] += 1e-9
    relabelled[0] = (relabelled[0] + 1) % K
    other[0, 0] = np.roll(other[0, 0], 1)
    variants = [
        CachedFusion(selected(), probabilities, rows, region),
        CachedFusion(selected(sharpness=2.0), probabilities, rows, region),
        CachedFusion(selected(source="dist 1.1"), probabilities, rows, region),
        CachedFusion(selected(Other), probabilities, rows, region),
        CachedFusion(selected(), other, rows, region),
        CachedFusion(selected(), probabilities, replace(rows, whole=moved), region),
        CachedFusion(selected(), probabilities, replace(rows, labels=relabelled), region),
    ]
    for number, cached_fusion in enumerate(variants, start=1):
        cached_fusion.own()
        assert len(fits) == number
    assert len({cached_fusion.identity for cached_fusion in variants}) == len(variants)
    CachedFusion(selected(), probabilities, rows, region).own()
    assert len(fits) == len(variants)


class Following(Weighing):
    """Fuses to the student that it is shown."""

    student_state = True

    def fit(self, probabilities, labels, table, student_state=None):
        FITS.append(1)
        return self

    def fuse(self, probabilities, table, student_state=None):
        m, n, _ = probabilities.shape
        return Fused(student_state, np.full((n, m), 1 / m))

    def summary(self):
        return {}


def test_the_student_is_handed_over_and_in_every_key(probabilities, rows, dict_cache, fits):
    region = CacheRegion(dict_cache, "attention")
    one, other = np.random.default_rng(3).dirichlet([1] * K, (2, N))

    def shown(student):
        return CachedFusion(selected(Following), probabilities, rows, region, student)

    for number, student in enumerate((one, other), start=1):
        for _ in range(2):
            np.testing.assert_array_equal(shown(student).own()[0], student)
        assert len(fits) == number
    assert shown(one).identity != shown(other).identity
    few, table = probabilities[:, :7], rows.table[:7]
    for student in (one[:7], other[:7]):
        np.testing.assert_array_equal(shown(one).fuse(few, table, student)[0], student)


def test_a_part_of_a_table_is_fused_beside_its_rows_of_the_student(
    probabilities, rows, monkeypatch
):
    monkeypatch.setattr("hpmkd.knowledge.cached_fusion.ROWS_AT_ONCE", 7)
    student = np.random.default_rng(3).dirichlet([1] * K, N)
    cached_fusion = CachedFusion(selected(Following), probabilities, rows, NO_CACHE, student)
    part = rows.rows(np.arange(N)).part
    fused = cached_fusion.fuse(probabilities, part, student)[0]
    np.testing.assert_array_equal(fused, student)


def test_a_fuser_that_nobody_can_identify_is_another_each_time(
    probabilities, rows, dict_cache, fits
):
    import threading

    class Locked(Weighing):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    for number in (1, 2):
        CachedFusion(
            selected(Locked), probabilities, rows, CacheRegion(dict_cache, "attention")
        ).own()
        assert len(fits) == number
