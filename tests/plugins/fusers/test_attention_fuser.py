"""Weights of each row's own: where they pay, where they are refused, what they tell."""

import json
import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from hpmkd.testing.datasets import read_only
from hpmkd_defaults.fusers.attention import AttentionWeightedMultiTeacher
from hpmkd_defaults.fusers.two_pools import PoolFuser

N = 900


def loss(said, labels):
    return -np.log(np.maximum(said[np.arange(len(labels)), labels], 1e-15)).mean()


def made(seed, n=2 * N):
    """Two classes whose border is another one in each of three regions of column 0."""
    rng = np.random.default_rng(seed)
    table = rng.uniform(-3, 3, (n, 4))
    region = np.digitize(table[:, 0], [-1, 1])
    signal = np.choose(region, [table[:, 1], -table[:, 1], table[:, 2]])
    labels = (signal + 0.4 * rng.normal(size=n) > 0).astype(np.int64)
    return table, labels, region


@cache
def specialists(seed):
    """Out-of-fold and new probabilities of forests that each know one region."""
    table, labels, region = made(seed)
    old, new = np.arange(N), np.arange(N, 2 * N)
    fold = np.arange(N) % 4
    said = np.empty((3, 2 * N, 2))
    for m in range(3):
        model = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
        for each in range(4):
            seen, held = old[(fold != each) & (region[old] == m)], old[fold == each]
            said[m, held] = model.fit(table[seen], labels[seen]).predict_proba(table[held])
        seen = old[region[old] == m]
        said[m, new] = model.fit(table[seen], labels[seen]).predict_proba(table[new])
    return read_only(said), read_only(labels), read_only(table)


@cache
def generalists(seed):
    """The same of models that saw everything."""
    table, labels, _ = made(seed)
    models = [
        RandomForestClassifier(20, random_state=0),
        ExtraTreesClassifier(20, random_state=0),
        LogisticRegression(),
    ]
    old, new = slice(0, N), slice(N, None)
    said = np.empty((3, 2 * N, 2))
    for out, model in zip(said, models, strict=True):
        out[old] = cross_val_predict(model, table[old], labels[old], method="predict_proba")
        out[new] = model.fit(table[old], labels[old]).predict_proba(table[new])
    return read_only(said), read_only(labels), read_only(table)


def held_out_losses(said, labels, table, *fusers):
    fitted = [fuser.fit(said[:, :N], labels[:N], table[:N]) for fuser in fusers]
    losses = [loss(f.fuse(said[:, N:], table[N:]).probabilities, labels[N:]) for f in fitted]
    return losses, fitted[-1]


@pytest.fixture(scope="module")
def fitted():
    """Accepted, on specialists."""
    said, labels, table = specialists(0)
    return AttentionWeightedMultiTeacher().fit(said[:, :N], labels[:N], table[:N])


class TestSpecialists:
    @pytest.mark.parametrize("seed", range(3))
    def test_attention_is_accepted_and_pays(self, seed):
        attention = AttentionWeightedMultiTeacher()
        (static, attended), fitted = held_out_losses(*specialists(seed), PoolFuser(), attention)
        assert fitted.gate.accepted
        assert fitted.gate.gain > fitted.gate.standard_error > 0
        assert attended < static - 0.02

    def test_each_is_heard_in_its_region(self, fitted):
        said, _, table = specialists(0)
        weights = fitted.fuse(said[:, N:], table[N:]).weights
        region = np.digitize(table[N:, 0], [-1, 1])
        for m in range(3):
            assert weights[region == m, m].mean() > weights[region != m, m].mean() + 0.15

    def test_summary_says_where(self, fitted):
        summary = json.loads(json.dumps(fitted.summary(), allow_nan=False))
        assert set(summary) == {
            "temperatures", "weights", "final_temperature", "gate", "wins", "pool",
        }  # fmt: skip
        assert summary["gate"]["accepted"]
        assert sum(summary["weights"]) == pytest.approx(1.0)
        first = summary["wins"][0]
        assert first["column"] == "x0"
        assert first["weight"] > first["mean_weight"] + 0.1
        assert len(summary["wins"]) <= 9

    def test_a_row_has_the_same_answer_in_any_batch(self, fitted):
        said, _, table = specialists(0)
        whole = fitted.fuse(said, table).probabilities
        part = fitted.fuse(said[:, 700:712], table[700:712]).probabilities
        np.testing.assert_allclose(whole[700:712], part, atol=1e-9)

    def test_deterministic_and_pickles(self, fitted):
        said, labels, table = specialists(0)
        again = AttentionWeightedMultiTeacher().fit(said[:, :N], labels[:N], table[:N])
        copy = pickle.loads(pickle.dumps(fitted))
        expected = fitted.fuse(said, table)
        for other in (again, copy):
            fused = other.fuse(said, table)
            assert fused.probabilities.tobytes() == expected.probabilities.tobytes()
            assert fused.weights.tobytes() == expected.weights.tobytes()

    def test_works_in_an_ensemble_of_other_types(self, fitted):
        """Frames are read like arrays, by position; float32 like float64."""
        said, _, table = specialists(0)
        expected = fitted.fuse(said, table).probabilities
        single = fitted.fuse(said.astype(np.float32), table).probabilities
        assert single.dtype == np.float64
        np.testing.assert_allclose(single, expected, atol=1e-3)


class TestGeneralists:
    @pytest.mark.parametrize("seed", range(4))
    def test_never_worse_than_static(self, seed):
        attention = AttentionWeightedMultiTeacher()
        (static, attended), fitted = held_out_losses(*generalists(seed), PoolFuser(), attention)
        assert attended <= static + 0.001
        if not fitted.gate.accepted:
            assert attended == static

    def test_refused_it_is_the_pool(self):
        rng = np.random.default_rng(0)
        said, labels, table = generalists(0)
        # Columns that say nothing, and teachers that are equally good everywhere.
        said = np.stack([said[0], said[0, :], said[0]])
        noise = rng.normal(size=table.shape)
        fitted = AttentionWeightedMultiTeacher().fit(said[:, :N], labels[:N], noise[:N])
        pool = PoolFuser().fit(said[:, :N], labels[:N], None)
        assert not fitted.gate.accepted
        assert "not more than one standard error" in fitted.summary()["gate"]["reason"]
        assert fitted.summary()["wins"] == []
        one, other = fitted.fuse(said, noise), pool.fuse(said, None)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        np.testing.assert_array_equal(one.weights, other.weights)

    def test_ungated_it_is_used_all_the_same(self):
        said, labels, table = generalists(0)
        fitted = AttentionWeightedMultiTeacher(gated=False).fit(said[:, :N], labels[:N], table[:N])
        assert fitted.gate.accepted
        assert fitted.fuse(said, table).weights.std(axis=0).max() > 0

    @pytest.mark.parametrize("gated", [True, False])
    def test_a_broken_teacher_counts_for_nothing(self, gated):
        said, labels, table = generalists(1)
        said = said.copy()
        shuffled = labels.copy()
        shuffled[:N] = np.random.default_rng(0).permutation(labels[:N])
        model = RandomForestClassifier(20, random_state=0)
        said[2, :N] = cross_val_predict(model, table[:N], shuffled[:N], method="predict_proba")
        said[2, N:] = model.fit(table[:N], shuffled[:N]).predict_proba(table[N:])
        fitted = AttentionWeightedMultiTeacher(gated=gated).fit(said[:, :N], labels[:N], table[:N])
        assert fitted.fuse(said[:, N:], table[N:]).weights[:, 2].mean() < 0.05
        assert fitted.summary()["weights"][2] < 0.05


def mixed_frame(table):
    """Words, numbers with holes, a column without a value, one with a single value."""
    rng = np.random.default_rng(0)
    words = np.array(["left", "middle", "right"], dtype=object)[np.digitize(table[:, 0], [-1, 1])]
    words[rng.random(len(table)) < 0.1] = None
    holes = np.where(rng.random(len(table)) < 0.2, np.nan, table[:, 1])
    return pd.DataFrame({"where": words, "b": holes, "c": table[:, 2], "none": np.nan, "one": 1})


class TestTables:
    def test_strings_and_missing_cells(self):
        said, labels, table = specialists(0)
        frame = mixed_frame(table)
        attention = AttentionWeightedMultiTeacher(gated=False)
        fitted = attention.fit(said[:, :N], labels[:N], frame[:N])
        new = frame[N:].copy()
        new.iloc[0, 0] = "a word that training did not show"
        new.iloc[1] = None
        fused = fitted.fuse(said[:, N:], new)
        assert np.isfinite(fused.probabilities).all()
        assert fitted.wins[0]["column"] == "where"
        assert fitted.wins[0]["cells"] in {"left", "middle", "right"}

    @pytest.mark.parametrize("n", [1, 2, 10, 99, 100, 101])
    @pytest.mark.parametrize("gated", [True, False])
    def test_few_rows(self, n, gated):
        said, labels, table = specialists(0)
        frame = mixed_frame(table)
        fitted = AttentionWeightedMultiTeacher(gated=gated).fit(said[:, :n], labels[:n], frame[:n])
        fused = fitted.fuse(said[:, 500:510], frame[500:510])
        np.testing.assert_allclose(fused.probabilities.sum(axis=1), 1.0)
        if n < 100:
            assert fitted.gate.reason == "not tried: fewer than 100 rows"
            assert fitted.gate.gain is None

    def test_equal_rows(self):
        said, labels, table = specialists(0)
        same = np.zeros_like(table)
        fitted = AttentionWeightedMultiTeacher(gated=False).fit(said[:, :N], labels[:N], same[:N])
        assert np.isfinite(fitted.fuse(said[:, N:], same[N:]).probabilities).all()
        assert len(fitted.wins) <= 9

    def test_other_teachers_are_refused(self):
        said, labels, table = specialists(0)
        fitted = AttentionWeightedMultiTeacher(gated=False).fit(said[:, :N], labels[:N], table[:N])
        with pytest.raises(ValueError, match="got 2 teachers; fitted on 3"):
            fitted.fuse(said[:2], table)


@pytest.mark.parametrize(("many", "looked_among"), [(N - 1, 200), (N, 400)])
def test_of_many_rows_neighbours_are_looked_for_among_fewer(monkeypatch, many, looked_among):
    monkeypatch.setattr("hpmkd_defaults.fusers.attention.MANY_ROWS", many)
    said, labels, table = specialists(0)
    attention = AttentionWeightedMultiTeacher(gated=False, near=400, near_of_many=200)
    fitted = attention.fit(said[:, :N], labels[:N], table[:N])
    assert len(fitted.attention.neighbourhood.losses) == looked_among
