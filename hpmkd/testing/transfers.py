"""What a rule of transfer must do."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpmkd.contracts import Transfer
from hpmkd.student import LinearModel, Student
from hpmkd.testing.datasets import read_only, real_problem
from hpmkd.testing.stage_inputs import AsConfigured, encoded
from hpmkd.values import Configuration, ExtraRows, Previous, StageInputs

N_EXTRA = 40
#: Of the inputs: what a rule may not replace.
FIXED = ("matrix", "encoder", "labels", "classes", "configuration", "scheduler", "seed")


def shares(rng: np.random.Generator, n: int, n_classes: int) -> Any:
    """Return n random distributions, read-only."""
    drawn = rng.dirichlet(np.ones(n_classes), n)
    drawn.flags.writeable = False
    return drawn


def training_set(name: str, with_extra: bool) -> StageInputs:
    """Return inputs of a real problem, with or without rows that have no label."""
    problem, rng = real_problem(name, False), np.random.default_rng(0)
    encoder, matrix = encoded(name, False, "tree")
    n_classes = len(problem.classes)
    extra = ExtraRows(matrix[:N_EXTRA], shares(rng, N_EXTRA, n_classes), 0.5)
    return StageInputs(
        matrix=matrix,
        encoder=encoder,
        labels=problem.labels,
        soft_targets=shares(rng, len(matrix), n_classes),
        classes=problem.classes,
        configuration=Configuration("gbm", 1.0, 0.5),
        scheduler=AsConfigured(),
        seed=0,
        extra=extra if with_extra else None,
    )


def predecessor(name: str, inputs: StageInputs, unseen: bool) -> Previous:
    """Return a linear student before, and its predictions, if the rule needs them."""
    encoder, shared = encoded(name, False, "linear")
    # Of its own: a rule that writes into it must not spoil it for the tests after this one.
    matrix = read_only(shared.copy())
    rng, n_classes = np.random.default_rng(1), len(inputs.classes)
    n_margins = n_classes if n_classes > 2 else 1
    model = LinearModel(rng.normal(size=(matrix.shape[1], n_margins)), np.zeros(n_margins))
    previous = Previous(Student(encoder, model, inputs.classes), matrix)  # type: ignore[arg-type]
    if unseen:
        previous = replace(previous, soft_targets=shares(rng, len(matrix), n_classes))
    if inputs.extra is not None:
        previous = replace(previous, extra_matrix=matrix[:N_EXTRA])
        if unseen:
            previous = replace(previous, extra_soft_targets=shares(rng, N_EXTRA, n_classes))
    return previous


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
@pytest.mark.parametrize("with_extra", [False, True], ids=["plain", "extra"])
class TransferSuite:
    """Inherit and supply ``transfer``."""

    @pytest.fixture
    def transfer(self) -> Transfer:
        """Return the rule under test."""
        raise NotImplementedError("supply a fixture `transfer` that returns your transfer")

    def handed(self, transfer: Transfer, name: str, with_extra: bool) -> tuple[Any, Any]:
        """Return inputs before and after."""
        inputs = training_set(name, with_extra)
        return inputs, transfer.hand_over(inputs, predecessor(name, inputs, transfer.unseen))

    def test_fulfils_the_protocol(self, transfer: Transfer, name: str, with_extra: bool) -> None:
        """It has the method of a transfer, and declares what it does and needs."""
        assert isinstance(transfer, Transfer)
        assert isinstance(transfer.teaches, bool)
        assert isinstance(transfer.unseen, bool)

    def test_rows_and_labels_stay(self, transfer: Transfer, name: str, with_extra: bool) -> None:
        """Only soft targets, or the start, differ afterwards."""
        before, after = self.handed(transfer, name, with_extra)
        for field in FIXED:
            assert getattr(after, field) is getattr(before, field), field
        assert (after.extra is None) == (before.extra is None)
        if before.extra is not None:
            assert after.extra.matrix is before.extra.matrix
            assert after.extra.weight == before.extra.weight

    def test_soft_targets_are_distributions(
        self, transfer: Transfer, name: str, with_extra: bool
    ) -> None:
        """Of the rows with labels, and of those without."""
        before, after = self.handed(transfer, name, with_extra)
        pairs = [(before.soft_targets, after.soft_targets)]
        if before.extra is not None:
            pairs.append((before.extra.soft_targets, after.extra.soft_targets))
        for given, found in pairs:
            assert found.shape == given.shape
            assert (found >= 0).all()
            np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-9)

    def test_hands_something_over(self, transfer: Transfer, name: str, with_extra: bool) -> None:
        """Its declaration is true: it changes the soft targets, or it gives a start."""
        before, after = self.handed(transfer, name, with_extra)
        changed = not np.array_equal(before.soft_targets, after.soft_targets)
        assert changed == transfer.teaches
        assert changed or after.start is not before.start

    def test_changes_nothing_it_was_given(
        self, transfer: Transfer, name: str, with_extra: bool
    ) -> None:
        """Both are read by other fits as well."""
        inputs = training_set(name, with_extra)
        previous = predecessor(name, inputs, transfer.unseen)
        arrays = [inputs.soft_targets, previous.matrix]
        copies = copy.deepcopy(arrays)
        transfer.hand_over(inputs, previous)
        for array, copied in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(array, copied)

    def test_pickles(self, transfer: Transfer, name: str, with_extra: bool) -> None:
        """A copy in a worker process does the same."""
        _, after = self.handed(transfer, name, with_extra)
        _, same = self.handed(pickle.loads(pickle.dumps(transfer)), name, with_extra)
        np.testing.assert_array_equal(after.soft_targets, same.soft_targets)
