"""A sampler may only ask for points of the search space."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hpmkd.errors import PluginError
from hpmkd.registry.offers import ComponentOrigin
from hpmkd.registry.validation.configurations import check_configuration
from hpmkd.registry.validation.proxy import blaming
from hpmkd.values import After, Configuration, SearchSpace


class Stage:
    def __init__(self, space):
        self.space = space


def plain(trial):
    return {
        "depth": trial.suggest_int("depth", 1, 8),
        "rate": trial.suggest_float("rate", 0.1, 1.0, log=True),
        "kind": trial.suggest_categorical("kind", ["a", "b"]),
    }


def derived(trial):
    """What it returns is not what was drawn, though one of the names is the same."""
    return {
        "leaves": 2 ** trial.suggest_int("depth", 1, 8),
        "rate": trial.suggest_float("rate", 0.1, 1.0) / 10,
    }


def numbered(trial):
    return {
        "width": trial.suggest_categorical("width", [1, 2.0]),
        "fast": trial.suggest_categorical("fast", [False, True]),
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [({"width": True}, "width = True; expected one of 1, 2.0"), ({"fast": 1}, "fast = 1; exp")],
)
def test_true_is_not_the_choice_1(given, said):
    check(numbered, width=1, fast=True)
    check(numbered, width=2, fast=False)
    with pytest.raises(ValueError, match=said):
        check(numbered, **given)


def check(space, **hyperparameters):
    stages = {"it": Stage(space)}
    configuration = Configuration("it", 1.0, 0.5, hyperparameters)
    check_configuration(configuration, SearchSpace(stages, (1.0,), (0.0, 0.5), 0))


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"depth": 1, "rate": 0.1, "kind": "b"},
        {"depth": 8, "rate": 1, "kind": "a"},
        {"depth": 8, "rate": 1.0000000000000002, "kind": "a"},
        {},
        {"something-else": 3},
    ],
)
def test_points_of_the_space_pass(hyperparameters):
    check(plain, **hyperparameters)


@pytest.mark.parametrize(
    ("hyperparameters", "said"),
    [
        ({"depth": 0}, r"depth = 0; expected an integer in \[1, 8\]"),
        ({"depth": 2.0}, "depth = 2.0; expected an integer"),
        ({"depth": True}, "depth = True; expected an integer"),
        ({"rate": True}, "rate = True; expected a number"),
        ({"rate": 1.1}, r"rate = 1.1; expected a number in \[0.1, 1.0\]"),
        ({"rate": "fast"}, "rate = 'fast'; expected a number"),
        ({"rate": float("inf")}, "rate = inf; expected a finite"),
        ({"kind": "c"}, "kind = 'c'; expected one of 'a', 'b'"),
    ],
)
def test_other_points_do_not(hyperparameters, said):
    with pytest.raises(ValueError, match=said):
        check(plain, **hyperparameters)


def test_a_space_may_make_something_else_of_what_it_draws():
    check(derived, leaves=256, rate=0.01)


class TestOutsideTheSpace:
    @pytest.fixture
    def space(self):
        return SearchSpace({"it": Stage(plain)}, (1.0, 2.0), (0.0, 0.25), 0)

    @pytest.mark.parametrize(
        "given",
        [
            Configuration("it", 2.0, 0.25),
            Configuration("it", 2.0, 0.0),
            Configuration("it", 1.0, 0.0, share=0.01),
            Configuration("it", np.float64(1.0), np.float64(0.25), share=1),
        ],
    )
    def test_points_of_it_pass(self, space, given):
        assert check_configuration(given, space) is given

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (("it", 1.0, 0.0), "expected a Configuration"),
            (Configuration("other", 1.0, 0.0), "unknown stage 'other'; known: 'it'"),
            (Configuration("it", 1.0, 1.0), "alpha = 1.0; expected one of 0, 0.25"),
            (Configuration("it", 1.0, float("nan")), "alpha = nan; expected one of"),
            (Configuration("it", 1.0, "0.25"), "alpha = '0.25'; expected one of"),
            (Configuration("it", 1.0, np.float32(0.25)), "alpha = .*; expected one of"),
            (Configuration("it", 3.0, 0.25), "temperature = 3.0; expected one of 1, 2"),
            (Configuration("it", True, 0.25), "temperature = True; expected one of"),
            (Configuration("it", float("inf"), 0.0), "temperature = inf; expected one of"),
            (Configuration("it", 1.0, 0.25, share=0), r"share = 0; expected one in \(0, 1\]"),
            (Configuration("it", 1.0, 0.25, share=1.5), "share = 1.5; expected"),
            (Configuration("it", 1.0, 0.25, share=float("nan")), "share = nan; expected"),
            (
                Configuration("it", 1.0, 0.25, after=After("mix", Configuration("it", 1.0, 0.0))),
                "after another; only a chain makes those",
            ),
        ],
    )
    def test_others_do_not(self, space, given, said):
        with pytest.raises((TypeError, ValueError), match=said):
            check_configuration(given, space)

    def test_without_a_teacher_the_temperature_may_be_1(self, space):
        hot = replace(space, temperatures=(2.0,))
        check_configuration(Configuration("it", 1.0, 0.0), hot)
        with pytest.raises(ValueError, match=r"temperature = 1\.0; expected one of 2"):
            check_configuration(Configuration("it", 1.0, 0.25), hot)


def point(depth):
    return Configuration("it", 1.0, 0.0, {"depth": depth})


@dataclass
class Scripted:
    """A sampler whose answers are given; the last one again and again."""

    answers: list
    total: int | None = None

    def ask(self, n):
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell(self, trial):
        pass


class TestWhoIsBlamed:
    @pytest.fixture
    def sampler(self):
        def made(*answers):
            space = SearchSpace({"it": Stage(plain)}, (1.0,), (0.0, 0.5), 0)
            origin = ComponentOrigin("my-plugin", "sampler", "odd")
            return blaming(Scripted(list(answers)), origin, space)

        return made

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ([], "the first ask returned nothing; expected a Configuration at least"),
            (None, "ask returned None; expected a list of Configuration"),
            (point(1), "expected a list of Configuration"),
            (5, "ask returned 5; expected a list"),
            ([None], "ask returned None; expected a Configuration"),
            ([point(at) for at in range(1, 5)], r"ask\(3\) returned more than 3 configurations"),
            ([Configuration("it", 1.0, 0.7)], "alpha = 0.7; expected one of 0, 0.5"),
            ([Configuration("it", 1.0, 0.5, share=-1)], "share = -1; expected one in"),
            ([Configuration("gone", 1.0, 0.5)], "the unknown stage 'gone'"),
            (RuntimeError("lost"), "RuntimeError: lost"),
        ],
    )
    def test_a_bad_answer_names_its_plugin(self, sampler, answer, said):
        with pytest.raises(PluginError, match=said) as caught:
            sampler(answer).ask(3)
        assert "plugin 'my-plugin': sampler 'odd' failed in ask" in str(caught.value)
        assert "--disable my-plugin" in str(caught.value)

    def test_an_endless_batch_is_no_hang(self, sampler):
        with pytest.raises(PluginError, match=r"ask\(3\) returned more than 3"):
            sampler(itertools.repeat(point(1))).ask(3)

    def test_a_search_that_goes_round_in_circles_ends(self, sampler):
        circling = sampler([point(1), point(2)])
        for _ in range(1000):
            assert circling.ask(2)
        with pytest.raises(PluginError, match="the last 1000 batches contained nothing new"):
            circling.ask(2)

    def test_repeating_oneself_is_no_crime(self, sampler):
        answers = [[point(1)]] * 900 + [[point(2)]] + [[point(1)]] * 900 + [[]]
        repeating = sampler(*answers)
        assert sum(1 for _ in iter(lambda: repeating.ask(1), [])) == 1801
