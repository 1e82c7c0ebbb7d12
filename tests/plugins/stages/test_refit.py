"""The joint refit: what it minimises, and what it keeps."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import check_grad

from hpmkd_defaults.stages import refit
from hpmkd_defaults.stages.refit import FixedTrees, JointLoss, JointModel, refit_jointly


def draw(k, n=60, rounds=3, leaves=5, columns=4, seed=0):
    """Return model, trees, target, weights and design: the arguments of a refit."""
    rng = np.random.default_rng(seed)
    width = k if k > 2 else 1
    n_leaves = np.full(rounds * width, leaves) + np.arange(rounds * width) % 3
    ids = [rng.integers(0, count, n) for count in n_leaves]
    trees = FixedTrees(
        np.array(ids, dtype=np.uint8).reshape(rounds * width, n),
        n_leaves,
        np.arange(rounds * width) % width,
    )
    model = JointModel(
        rng.normal(0, 0.3, n_leaves.sum()).astype(np.float32),
        rng.normal(0, 0.3, (columns, width)).astype(np.float32),
        rng.normal(0, 0.3, width).astype(np.float32),
    )
    target = rng.dirichlet(np.full(k, 0.4), n)
    return model, trees, target, rng.uniform(0, 2, n), rng.normal(size=(n, columns))


def loss_of(model, arguments, ridge=0.0):
    """F at a model; the ridge is towards the first of the arguments."""
    loss = JointLoss(*arguments, ridge)
    flat = np.concatenate([model.values, model.coefficients.ravel(), model.intercept])
    return loss(flat.astype(np.float64))[0]


def assert_same(one, other):
    for field in dataclasses.fields(JointModel):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


PROBLEMS = [
    {}, {"rounds": 0}, {"columns": 0}, {"rounds": 0, "columns": 0}, {"n": 1}, {"leaves": 1},
]  # fmt: skip


class TestLoss:
    @pytest.mark.parametrize("k", [2, 3, 7])
    @pytest.mark.parametrize("sizes", PROBLEMS)
    @pytest.mark.parametrize("ridge", [0.0, 0.7])
    def test_gradient_is_that_of_the_value(self, k, sizes, ridge):
        loss = JointLoss(*draw(k, **sizes), ridge)
        at = loss.start + np.random.default_rng(1).normal(0, 0.5, loss.start.shape)
        error = check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], at, epsilon=1e-7)
        assert error < 1e-6
        assert np.linalg.norm(loss(at)[1]) > 1e-3

    @pytest.mark.parametrize("k", [2, 4])
    def test_value_is_the_formula(self, k):
        model, trees, target, weights, design = draw(k)
        loss = JointLoss(model, trees, target, weights, design, 0.3)
        at = loss.start + 0.1
        margins = np.tile(loss.unpack(at).intercept, (60, 1))
        margins += design @ loss.unpack(at).coefficients
        first = 0
        for ids, count, output in zip(trees.leaf_ids, trees.n_leaves, trees.outputs, strict=True):
            margins[:, output] += at[first + ids]
            first += count
        z = np.hstack([np.zeros((60, 1)), margins]) if k == 2 else margins
        log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        entropy = -(target * log_q).sum(axis=1)
        moved = len(at) - len(model.intercept)
        expected = np.average(entropy, weights=weights) + 0.15 * moved * 0.1**2
        assert loss(at)[0] == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize("k", [2, 3])
    @pytest.mark.parametrize("n", [0, 9])
    def test_rows_without_weight_leave_the_ridge(self, k, n):
        model, trees, target, _, design = draw(k, n=n)
        loss = JointLoss(model, trees, target, np.zeros(n), design, 1.0)
        assert loss(loss.start)[0] == 0.0
        assert not loss(loss.start)[1].any()
        assert_same(refit_jointly(model, trees, target, np.zeros(n), design), model)


class TestRefit:
    @pytest.mark.parametrize("k", [2, 3, 7])
    @pytest.mark.parametrize("sizes", PROBLEMS)
    @pytest.mark.parametrize("seed", [0, 1])
    def test_the_loss_falls(self, k, sizes, seed):
        arguments = draw(k, **sizes, seed=seed)
        refitted = refit_jointly(*arguments)
        assert loss_of(refitted, arguments, 1e-2) < loss_of(arguments[0], arguments)

    def test_the_loss_never_rises(self):
        arguments = draw(3)
        for _ in range(4):
            refitted = refit_jointly(*arguments, ridge=0.1, steps=300)
            assert loss_of(refitted, arguments, 0.1) <= loss_of(arguments[0], arguments)
            arguments = (refitted, *arguments[1:])

    def test_a_search_that_ends_worse_changes_nothing(self, monkeypatch):
        arguments = draw(3)
        start = JointLoss(*arguments, 1e-2).start
        worse = SimpleNamespace(x=start + np.arange(len(start)))
        monkeypatch.setattr(refit, "minimize", lambda *_, **__: worse)
        assert_same(refit_jointly(*arguments), arguments[0])

    @pytest.mark.parametrize("k", [2, 4])
    def test_enough_steps_find_the_minimum(self, k):
        arguments = draw(k, n=300)
        refitted = refit_jointly(*arguments, steps=2000)
        loss = JointLoss(*arguments, 1e-2)
        flat = np.concatenate(
            [refitted.values, refitted.coefficients.ravel(), refitted.intercept]
        ).astype(np.float64)
        assert np.abs(loss(loss.start)[1]).max() > 1e-2
        assert np.abs(loss(flat)[1]).max() < 1e-4

    @pytest.mark.parametrize("k", [2, 3])
    def test_a_strong_ridge_keeps_the_start(self, k):
        arguments = draw(k)
        stored = refit_jointly(*arguments, ridge=1e9)
        np.testing.assert_allclose(stored.values, arguments[0].values, atol=1e-6)
        np.testing.assert_allclose(stored.coefficients, arguments[0].coefficients, atol=1e-6)

    def test_a_stronger_ridge_moves_less(self):
        arguments = draw(3)
        moves = [
            np.linalg.norm(refit_jointly(*arguments, ridge=ridge).values - arguments[0].values)
            for ridge in (1e-3, 1e-2, 1e-1, 1.0)
        ]
        assert moves == sorted(moves, reverse=True)

    @pytest.mark.parametrize("k", [2, 3])
    def test_shapes_and_arguments_are_kept(self, k):
        arguments = draw(k)
        copies = [np.copy(part) for part in (*vars(arguments[0]).values(), *arguments[2:])]
        for part in (*vars(arguments[0]).values(), *arguments[2:], arguments[1].leaf_ids):
            part.flags.writeable = False
        refitted = refit_jointly(*arguments)
        for before, after in zip(vars(arguments[0]).values(), vars(refitted).values(), strict=True):
            assert after.shape == before.shape
            assert after.dtype == np.float32
        for part, copy in zip((*vars(arguments[0]).values(), *arguments[2:]), copies, strict=True):
            np.testing.assert_array_equal(part, copy)

    def test_a_leaf_without_rows_stays(self):
        model, trees, *rest = draw(3)
        ids = np.where(trees.leaf_ids == 2, 1, trees.leaf_ids).astype(np.uint8)
        refitted = refit_jointly(model, dataclasses.replace(trees, leaf_ids=ids), *rest)
        firsts = np.cumsum(trees.n_leaves) - trees.n_leaves
        np.testing.assert_array_equal(refitted.values[firsts + 2], model.values[firsts + 2])
        assert (refitted.values[firsts + 1] != model.values[firsts + 1]).all()

    @pytest.mark.parametrize("k", [2, 5])
    def test_the_same_arrays_give_the_same_bits(self, k):
        assert_same(refit_jointly(*draw(k, n=700)), refit_jointly(*draw(k, n=700)))

    @pytest.mark.parametrize("k", [2, 4])
    def test_a_weight_is_a_number_of_copies(self, k):
        model, trees, target, _, design = draw(k)
        copies = np.random.default_rng(3).integers(0, 4, len(target))
        weighted = refit_jointly(model, trees, target, copies, design, steps=500)
        repeated = refit_jointly(
            model,
            dataclasses.replace(trees, leaf_ids=np.repeat(trees.leaf_ids, copies, axis=1)),
            np.repeat(target, copies, axis=0),
            design=np.repeat(design, copies, axis=0),
            steps=500,
        )
        np.testing.assert_allclose(weighted.values, repeated.values, atol=2e-3)
        whole = (model, trees, target, copies, design)
        # The same function, therefore the same value where the two searches ended.
        assert loss_of(weighted, whole, 1e-2) == pytest.approx(
            loss_of(repeated, whole, 1e-2), abs=1e-6
        )

    def test_finds_what_made_the_targets(self):
        truth, trees, _, _, design = draw(3, n=3000)
        loss = JointLoss(truth, trees, np.full((3000, 3), 1 / 3), None, design, 0.0)
        margins = design @ truth.coefficients + truth.intercept
        firsts = np.cumsum(trees.n_leaves) - trees.n_leaves
        for ids, first, output in zip(trees.leaf_ids, firsts, trees.outputs, strict=True):
            margins[:, output] += truth.values[first + ids]
        powers = np.exp(margins)
        target = powers / powers.sum(axis=1, keepdims=True)
        start = loss.unpack(np.zeros_like(loss.start))
        arguments = (start, trees, target, None, design)
        refitted = refit_jointly(*arguments, ridge=0.0, steps=300)
        gap = loss_of(refitted, arguments) - loss_of(truth, arguments)
        assert abs(gap) < 1e-5
        assert loss_of(start, arguments) - loss_of(truth, arguments) > 0.05

    @pytest.mark.parametrize(
        ("position", "value", "message"),
        [
            (2, np.full((60, 2), 0.5), "target must have shape"),
            (2, np.full((59, 3), 0.5), "target must have shape"),
            (2, np.full((60, 3), np.nan), "row 0 "),
            (3, np.full(60, -1.0), "weights"),
            (4, None, "coefficients shape"),
            (4, np.zeros((60, 3)), "coefficients shape"),
            (4, np.zeros((59, 4)), "design must have 60 rows"),
        ],
    )
    def test_unusable_arguments_are_refused(self, position, value, message):
        arguments = list(draw(3))
        arguments[position] = value
        with pytest.raises(ValueError, match=message):
            refit_jointly(*arguments)
