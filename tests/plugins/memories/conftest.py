"""Facts and outcomes to remember."""

from __future__ import annotations

import pytest

from hpmkd.values import Configuration, DataFacts, Outcome


def facts_of(digest="a" * 64, n_rows=1000, **more):
    return DataFacts(n_rows, 10, 2, more.pop("balance", 0.9), digest=digest, **more)


#: The depth of a stage's defaults, where they are among what was tried.
DEFAULT = 99


def outcomes_of(facts, regrets, stage="tree"):
    """Outcomes of points that are told apart by their depth; `regrets` by depth."""
    order = sorted(regrets.values())
    return [
        Outcome(
            facts,
            Configuration(stage, 1.0, 0.5, {"depth": depth}),
            regret,
            order.index(regret) / max(1, len(order) - 1),
            is_default=depth == DEFAULT,
        )
        for depth, regret in regrets.items()
    ]


@pytest.fixture
def facts():
    return facts_of


@pytest.fixture
def outcomes():
    return outcomes_of
