"""Where there is nothing to gain, a run does not claim much; counted at length in docs/null.md."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.common import runs
from benchmarks.null.cases import CASES, MOST_GAIN, distilled, false_claims
from hpmkd.data.dataset import separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.seeds import Seeds

SEEDS = (0, 1, 2)
ROWS = 400


def shuffled(cancer, seed):
    """Return 400 of the rows, with labels that belong to others of them."""
    rows = np.random.default_rng(seed).permutation(len(cancer[1]))[:ROWS]
    return CASES["shuffled labels"](cancer[0][rows], cancer[1][rows], seed)


@pytest.fixture(scope="module")
def found(cancer):
    """Whole runs of the default recipe, by seed."""
    return {seed: distilled(shuffled(cancer, seed), seed) for seed in SEEDS}


def test_shuffled_labels_never_pay_by_more_than_a_hundredth_of_a_nat(found):
    verdicts = [each.verdict for each in found.values()]
    claims = [{"outcome": each.outcome, "gain": -each.delta_log_loss} for each in verdicts]
    assert false_claims(claims)[1] <= MOST_GAIN, [each.sentence for each in verdicts]


def test_benchmarks_look_up_the_control_that_the_verdict_compares_with(found, cancer):
    for seed, each in found.items():
        handed = shuffled(cancer, seed)
        dataset = make_dataset(handed.table, handed.labels)
        parts = separate_test(dataset, each.recipe.split.test_size, Seeds.spawn(seed).test)
        test = dataset.rows(parts[1])
        shipped, control = (
            runs.log_loss(student.predict_proba(test.table), test.labels)
            for student in (each.student, runs.control(each))
        )
        assert shipped - control == pytest.approx(each.verdict.delta_log_loss, abs=1e-9)
        assert min(runs.own_log_losses(each)) <= shipped + 1e-9
