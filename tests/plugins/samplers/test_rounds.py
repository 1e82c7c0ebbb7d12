"""A search in rounds."""

from __future__ import annotations

import pytest

from hpmkd_defaults.samplers.rounds import Rounds


def drained(rounds, n):
    batches = []
    while batch := rounds.ask(n):
        batches.append(batch)
    return batches


@pytest.mark.parametrize(
    ("n", "batches"),
    [
        (1, [["a"], ["b"], ["c"], ["d"]]),
        (2, [["a", "b"], ["c"], ["d"]]),
        (9, [["a", "b", "c"], ["d"]]),
    ],
)
def test_no_batch_holds_parts_of_two_rounds(n, batches):
    assert drained(Rounds(iter(["abc", "", "", "d"])), n) == batches


def test_its_end_is_an_end():
    rounds = Rounds(iter(["a"]))
    assert drained(rounds, 3) == [["a"]]
    assert rounds.ask(3) == rounds.ask(1) == []


def test_a_round_is_made_when_the_one_before_is_used_up():
    heard = []

    def made():
        yield "ab"
        heard.append("second")
        yield "c"

    rounds = Rounds(made())
    assert rounds.ask(2) == ["a", "b"]
    assert heard == []
    assert rounds.ask(2) == ["c"]
    assert heard == ["second"]


def test_a_lazy_round_knows_of_earlier_batches():
    told = [0]
    rounds = Rounds(iter([(told[-1] + at for at in range(4))]))
    assert rounds.ask(2) == [0, 1]
    told.append(10)
    assert rounds.ask(2) == [12, 13]
