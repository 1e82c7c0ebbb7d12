"""What a memory must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hpmkd.contracts import Memory
from hpmkd.values import Configuration, DataFacts, Outcome, TrainingState

if TYPE_CHECKING:
    from hpmkd.values import Hyperparameter

    Opened = Callable[[], Memory]

#: The data set of the requesting run.
FACTS = DataFacts(1000, 12, 2, 0.9, 0.1, "self", "f0" * 32)
#: Others, the most similar first, however one measures it: all that differs is the rows.
N_ROWS = (1100, 4000, 30_000, 900_000)
OTHERS = tuple(replace(FACTS, n_rows=n_rows, digest=f"{n_rows:064x}") for n_rows in N_ROWS)
GOOD: dict[str, Hyperparameter] = {"depth": 3, "rate": 0.1, "growth": "deep", "pruned": False}
BAD: tuple[dict[str, Hyperparameter], ...] = tuple(
    {**GOOD, "depth": depth, "rate": 0.1 * depth} for depth in range(4, 12)
)
STATE = TrainingState(0.95, 0.3, 0.02, -0.01, None)
#: More than a few suggestions leave no room for the search itself.
A_FEW = 5


def outcomes(facts: DataFacts, stage: str = "tree", alpha: float = 0.5) -> list[Outcome]:
    """Return what a run learned: of nine points, one the defaults, ``GOOD`` did best."""
    learned = []
    for at, point in enumerate((*BAD, GOOD)):
        place = 0 if point is GOOD else at + 1
        is_default = point is BAD[0]
        configuration = Configuration(stage, 1.5, alpha, point)
        state = STATE if place == 0 else None
        rank = place / len(BAD)
        learned.append(Outcome(facts, configuration, 0.01 * place, rank, state, is_default))
    return learned


def content(found: Iterable[Outcome]) -> list[str]:
    """Return outcomes in a form that compares values, types included, whatever their order."""
    return sorted(
        repr(
            (
                outcome.facts,
                outcome.configuration.key,
                outcome.regret,
                outcome.rank,
                outcome.state,
                outcome.is_default,
            )
        )
        for outcome in found
    )


class MemorySuite:
    """Inherit and supply ``opened``; ``keeps`` if the memory is one that forgets on purpose."""

    @pytest.fixture
    def opened(self) -> Opened:
        """Return a callable that builds the memory under test, as a later run would.

        The first call finds nothing, every further one what was remembered before.
        """
        raise NotImplementedError("supply a fixture `opened` that returns () -> your memory")

    @pytest.fixture
    def keeps(self) -> bool:
        """Return whether it remembers anything at all."""
        return True

    @pytest.fixture
    def filled(self, opened: Opened, keeps: bool) -> Opened:
        """Return the same, once runs on the other data sets, far ones first, are over."""
        if not keeps:
            pytest.skip("it keeps nothing")
        for facts in reversed(OTHERS):
            opened().remember(facts, outcomes(facts))
        return opened

    def test_fulfils_the_protocol(self, opened: Opened) -> None:
        """It has the methods of a memory."""
        assert isinstance(opened(), Memory)

    def test_knows_nothing_at_first(self, opened: Opened) -> None:
        """Before any run there is nothing to suggest and there are no outcomes."""
        assert list(opened().suggest(FACTS, "tree")) == []
        assert list(opened().outcomes(FACTS)) == []

    def test_a_later_run_receives_what_was_learned(self, filled: Opened) -> None:
        """Facts, configurations, regrets, ranks and states come back as they were."""
        learned = [outcome for facts in OTHERS for outcome in outcomes(facts)]
        assert content(filled().outcomes(FACTS)) == content(learned)

    def test_similar_data_come_first(self, filled: Opened) -> None:
        """The outcomes of one data set are together, those of the most similar come first."""
        order = list(dict.fromkeys(each.facts for each in filled().outcomes(FACTS)))
        assert order == list(OTHERS)

    def test_suggests_what_did_well(self, filled: Opened) -> None:
        """What was best everywhere comes first; all are a few, distinct and tried before."""
        suggested = [dict(each) for each in filled().suggest(FACTS, "tree")]
        assert suggested[0] == GOOD
        assert {name: type(value) for name, value in suggested[0].items()} == {
            name: type(value) for name, value in GOOD.items()
        }
        assert len(suggested) <= A_FEW
        assert len({repr(sorted(each.items())) for each in suggested}) == len(suggested)
        assert all(each in (GOOD, *BAD) for each in suggested)

    def test_suggests_nothing_for_a_stage_it_has_not_seen(self, filled: Opened) -> None:
        """What did well for one stage is not suggested for another."""
        assert list(filled().suggest(FACTS, "forest")) == []

    def test_what_a_run_learned_does_not_change_it_when_it_is_repeated(
        self, filled: Opened
    ) -> None:
        """The same command typed again gives the same student."""
        before = filled()
        suggested = list(before.suggest(FACTS, "tree")), list(before.suggest(FACTS, "gbm"))
        learned = content(before.outcomes(FACTS))
        best = Configuration("tree", 1.0, 1.0, {**GOOD, "depth": 99})
        before.remember(FACTS, [*outcomes(FACTS, "gbm"), Outcome(FACTS, best, 0.0, 0.0)])
        for after in (before, filled()):
            # Other teachers may see another share of noise in the same data.
            for facts in (FACTS, replace(FACTS, noise=0.4)):
                assert (
                    list(after.suggest(facts, "tree")),
                    list(after.suggest(facts, "gbm")),
                ) == suggested
                assert content(after.outcomes(facts)) == learned

    @pytest.mark.parametrize("n", [9, 8, 1, 0])
    def test_of_a_stage_the_run_that_tried_more_stays(self, filled: Opened, n: int) -> None:
        """A poorer run erases nothing; one that tried as much replaces what was known."""
        facts = replace(OTHERS[0], noise=0.2)
        newer = outcomes(facts, alpha=0.25)
        filled().remember(facts, newer[:n])
        expected = newer if n == len(newer) else outcomes(facts)
        found = [each for each in filled().outcomes(FACTS) if each.facts.digest == facts.digest]
        if n == 0:
            # It brought no outcomes, so it may count as no run.
            found = [replace(each, facts=facts) for each in found]
        assert content(found) == content(expected)

    def test_a_stage_that_a_later_run_did_not_try_stays(self, filled: Opened) -> None:
        """The outcomes of each stage are returned beside those of the others."""
        newer = outcomes(OTHERS[0], "gbm", alpha=0.25)[:3]
        filled().remember(OTHERS[0], newer)
        learned = [*newer, *(outcome for facts in OTHERS for outcome in outcomes(facts))]
        assert content(filled().outcomes(FACTS)) == content(learned)

    def test_a_run_that_tried_more_replaces_what_was_known(self, filled: Opened) -> None:
        """The outcomes of a stage are those of one run, because ranks compare within a run."""
        newer = outcomes(OTHERS[0], alpha=0.25) + outcomes(OTHERS[0], alpha=0.75)[:1]
        filled().remember(OTHERS[0], newer)
        learned = [*newer, *(outcome for facts in OTHERS[1:] for outcome in outcomes(facts))]
        assert content(filled().outcomes(FACTS)) == content(learned)

    def test_runs_at_the_same_time_both_count(self, filled: Opened) -> None:
        """Two memories opened before either remembers anything do not undo each other's work."""
        one, two = filled(), filled()
        first, second = (replace(FACTS, digest=name * 64) for name in "ab")
        one.suggest(FACTS, "tree")
        two.suggest(FACTS, "tree")
        one.remember(first, outcomes(first))
        two.remember(second, outcomes(second))
        digests = {each.facts.digest for each in filled().outcomes(FACTS)}
        assert {first.digest, second.digest} <= digests

    def test_asking_changes_nothing(self, filled: Opened) -> None:
        """The same question gets the same answer, whatever the state of the global generator."""
        memory = filled()
        answers = []
        for seed in (1, 2):
            np.random.seed(seed)  # noqa: NPY002 - the global generator is what must not matter
            answers.append(
                (
                    [dict(each) for each in memory.suggest(FACTS, "tree")],
                    [each.configuration.key for each in memory.outcomes(FACTS)],
                )
            )
        assert answers[0] == answers[1]

    def test_a_run_that_learned_nothing_is_fine(self, opened: Opened) -> None:
        """No outcomes, no noise, no regime: nothing breaks, and nothing is known of it."""
        bare = DataFacts(20, 1, 2, digest="c" * 64)
        opened().remember(bare, [])
        assert list(opened().suggest(FACTS, "tree")) == []
        assert list(opened().outcomes(bare)) == []
