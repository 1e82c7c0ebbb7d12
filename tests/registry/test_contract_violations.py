"""A component that breaks its contract is blamed: plugin, kind, name and method."""

from __future__ import annotations

import re
import types
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from hpmkd import api
from hpmkd.errors import DataError, PluginError, TeacherError
from hpmkd.evaluation import latency
from hpmkd.hookspecs import OFFER_HOOKS, hookimpl
from hpmkd.recipe.recipe import Recipe
from hpmkd.registry.registry import PluginWarning, Registry
from hpmkd.values import Configuration, Fused, Offer, Softening

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] + RNG.normal(0, 0.5, 60) > 0).astype(int)
RECIPE = Recipe.load("hpm").override(
    {
        "stages": ["tree"],
        "sampler.trials": 1,
        "split.selection_folds": 2,
        "split.teacher_folds": 2,
        "search.alphas.self": [0.5],
        "augmenter.name": "none",
        "extra.rows": 3.0,
        "ensemble.top": 0,
    }
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(latency, "SECONDS_EACH", 0.0)


def run(kind, factory, also=None, **settings):
    """A run whose only component of a kind is the plugin "evil"'s; a plugin may come along."""
    module = types.ModuleType("evil")
    offers = [Offer("liar", factory, "lies")]
    setattr(module, OFFER_HOOKS[kind], hookimpl(lambda: offers))
    registry = Registry.installed()
    registry.add("evil", module)
    if also is not None:
        registry.add(also.__name__, also)
    registry.require_sound()
    recipe = RECIPE.override(settings)
    teacher = GaussianNB()
    if kind == "teacher":
        teacher = None
    named = {"stage": {"stages": ["liar"]}, "transfer": {}}.get(kind, {f"{kind}.name": "liar"})
    table = pd.DataFrame(X) if kind == "augmenter" else X
    return api.run(recipe.override(named), registry, table, Y, teacher=teacher)


def raises(*arguments):
    raise ZeroDivisionError("a lie")


def returns(value):
    return lambda *arguments: value


class Scheduler:
    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        pass


class Executor:
    workers, gives_up = 1, False

    def run(self, function, shared, tasks, *, timeout=None):
        for at, task in enumerate(tasks):
            yield at, function(shared, task)

    def close(self):
        pass


class Cache:
    def get_or_compute(self, region, key, compute):
        return compute()

    def stats(self):
        return {"hits": 0, "misses": 0, "bytes": 0, "evictions": 0}


class Sampler:
    total = 1

    def __init__(self, space):
        self.space = space
        self.batches = [[self.first()]]

    def first(self):
        ((stage, made),) = self.space.stages.items()
        return Configuration(stage, 1.0, 0.5, {**made.defaults})

    def ask(self, n):
        return self.batches.pop() if self.batches else []

    def tell(self, trial):
        pass


class FittedFuser:
    def fuse(self, probabilities, table):
        m, n, _ = probabilities.shape
        return Fused(probabilities.mean(axis=0), np.full((n, m), 1 / m))

    def summary(self):
        return {}


class Fuser:
    def fit(self, probabilities, labels, table):
        return FittedFuser()


class Panel:
    def members(self, facts, seed):
        return {"bayes": GaussianNB()}


class Augmenter:
    def rows(self, table, n, rng):
        return table[: min(n, 5)]


class Student:
    classes_ = np.arange(2)

    def predict_proba(self, table):
        return np.full((len(table), 2), 0.5)

    def to_bytes(self):
        return b"student"


class Stage:
    encoding, complexity, defaults = "tree", 0, types.MappingProxyType({})

    def space(self, trial):
        return {}

    def fit(self, inputs):
        return Student()


class Transfer:
    teaches, unseen = False, False

    def hand_over(self, inputs, previous):
        return inputs


class Memory:
    def suggest(self, facts, stage):
        return []

    def outcomes(self, facts):
        return []

    def remember(self, facts, outcomes):
        pass


HONEST = {
    "scheduler": Scheduler,
    "executor": Executor,
    "cache": Cache,
    "sampler": Sampler,
    "fuser": Fuser,
    "teacher": Panel,
    "augmenter": Augmenter,
    "stage": Stage,
    "memory": Memory,
}


def but(base, **lies):
    return type("Liar", (base,), lies)


def fits(**lies):
    return but(Fuser, fit=returns(but(FittedFuser, **lies)()))


def makes(**lies):
    return but(Stage, fit=returns(but(Student, **lies)()))


#: What ends a run.
LIES = [
    ("scheduler", but(Scheduler, softening=raises), "failed in softening: .*a lie"),
    ("scheduler", but(Scheduler, softening=returns(Softening(1.0, 7))), "alpha 7 and temp"),
    ("executor", but(Executor, run=raises), "failed in run: .*a lie"),
    ("executor", but(Executor, run=returns(None)), "failed in run: TypeError"),
    ("executor", but(Executor, prepare=raises), "failed in prepare: .*a lie"),
    ("cache", but(Cache, get_or_compute=raises), "failed in get_or_compute: .*a lie"),
    ("cache", but(Cache, stats=raises), "failed in stats: .*a lie"),
    ("sampler", but(Sampler, ask=raises), "failed in ask: .*a lie"),
    ("fuser", but(Fuser, fit=raises), "failed in fit: .*a lie"),
    ("fuser", but(Fuser, fit=returns(None)), "failed in fuse: AttributeError"),
    ("fuser", fits(fuse=raises), "failed in fuse: .*a lie"),
    ("fuser", fits(fuse=returns(None)), "failed in fuse: AttributeError"),
    ("fuser", fits(summary=returns(None)), "summary returned None; expected a mapping"),
    ("fuser", fits(summary=returns({"t": np.float32(1)})), "failed in summary: TypeError"),
    ("fuser", fits(summary=returns({"gate": "open"})), "gate in its summary is 'open'; expected"),
    ("fuser", fits(summary=returns({"gate": {"accepted": 1}})), "accepted in its gate is 1"),
    ("fuser", fits(summary=returns({"gate": {"accepted": True}})), "reason in its gate is None"),
    ("fuser", fits(summary=returns({"wins": [{"teacher": 1}]})), "a win is of teacher 1"),
    ("teacher", but(Panel, members=raises), "failed in members: .*a lie"),
    ("teacher", but(Panel, members=returns({})), "returned no teachers"),
    ("augmenter", but(Augmenter, rows=raises), "failed in rows: .*a lie"),
    ("augmenter", but(Augmenter, rows=returns(None)), "returned a NoneType; expected a DataFr"),
    ("stage", but(Stage, space=raises), "failed in space: .*a lie"),
    ("stage", but(Stage, fit=raises), "failed in fit: .*a lie"),
    ("stage", but(Stage, fit=returns(None)), "fit returned NoneType"),
    ("stage", makes(predict_proba=returns(None)), "failed to predict"),
    ("stage", makes(to_bytes=raises), "failed in to_bytes: .*a lie"),
]


def hands(**changes):
    return but(Transfer, hand_over=lambda self, inputs, previous: replace(inputs, **changes))


def scales(factor):
    def hand_over(self, inputs, previous):
        return replace(inputs, soft_targets=factor * inputs.soft_targets)

    return but(Transfer, hand_over=hand_over)


#: What a transfer gets wrong costs its link.
HANDED = [
    (but(Transfer, hand_over=raises), "failed in hand_over: ZeroDivisionError: a lie"),
    (but(Transfer, hand_over=returns(None)), "returned is None; expected a hpmkd StageInputs"),
    (hands(labels=np.zeros(5, dtype=int)), "hand_over returned another labels than it was given"),
    (hands(soft_targets=np.full((5, 2), 0.5)), "failed in hand_over: ValueError: hand_over"),
    (scales(np.nan), "failed in hand_over: .*NaN"),
    (scales(2), "failed in hand_over: .*sum"),
]
CHAIN = {
    "stages": ["logistic", "tree"],
    "chain": [{"stage": "logistic"}, {"stage": "tree", "transfer": "liar"}],
}


def link_of(transfer):
    """The gate of the one link of a run with a transfer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        found = run("transfer", transfer, **CHAIN)
    return found, found.gates[0]


def test_an_honest_transfer_gets_through():
    found, link = link_of(Transfer)
    assert link.name == "tree after logistic (liar)"
    # It hands nothing over: the same students, bit for bit, gain nothing.
    assert not link.passed
    assert "changes by" in link.reason
    assert set(found.students) == {"logistic", "tree"}


@pytest.mark.parametrize(("liar", "said"), HANDED)
def test_a_transfer_that_hands_over_a_lie_costs_its_link_and_is_blamed(liar, said):
    found, link = link_of(liar)
    assert not link.passed
    assert re.search(said, link.reason)
    assert link.reason.startswith("plugin 'evil': transfer 'liar'")
    assert "--disable evil" in link.reason
    assert all(record.after is None for record in found.records)


@pytest.mark.parametrize("kind", HONEST)
def test_the_honest_get_through(kind):
    found = run(kind, HONEST[kind])
    assert found.verdict.outcome in ("pays", "no difference", "hurts")


@pytest.mark.parametrize(("kind", "liar", "said"), LIES)
def test_a_liar_is_blamed_by_plugin_kind_and_name(kind, liar, said):
    settings = {"sampler.trials": 2} if kind == "stage" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        with pytest.raises(PluginError, match=said) as caught:
            run(kind, liar, **settings)
    message = str(caught.value)
    assert f"plugin 'evil': {kind} 'liar'" in message
    assert "--disable evil" in message
    assert "plugin 'defaults'" not in message


def gives_up(*arguments):
    raise SystemExit("a lie")


class Later(Sampler):
    """Asks for one configuration, then fails."""

    def ask(self, n):
        return self.batches.pop() if self.batches else raises()


#: What fails when something has succeeded already costs what would have come, not the run.
SURVIVED = [
    ("scheduler", but(Scheduler, observe=raises), "failed in observe: .*a lie", "no further trial"),
    ("sampler", but(Sampler, tell=raises), "failed in tell: .*a lie", "the search ends with what"),
    ("sampler", but(Sampler, tell=gives_up), "failed in tell: SystemExit: a lie", "search ends"),
    ("sampler", Later, "failed in ask: .*a lie", "the search ends with what it has found"),
]


@pytest.mark.parametrize(("kind", "liar", "said", "cost"), SURVIVED)
def test_a_failure_after_a_success_does_not_end_the_run(kind, liar, said, cost):
    with pytest.warns(PluginWarning, match=f"'evil': {kind} 'liar' {said}.*{cost}") as caught:
        found = run(kind, liar)
    assert len(caught) == 1
    assert found.students
    if kind == "sampler":
        assert found.facts["search"]["ended"].startswith("the sampler failed: plugin 'evil'")


def test_without_a_fuser_of_students_there_is_no_ensemble():
    module = types.ModuleType("blunt")
    offers = [Offer("blunt", but(Fuser, fit=raises), "fuses nothing")]
    module.hpmkd_fusers = hookimpl(lambda: offers)
    settings = {"stages": ["logistic", "tree"], "ensemble.top": 2, "ensemble.fuser": "blunt"}
    with pytest.warns(PluginWarning, match="no ensemble: plugin 'blunt': fuser 'blunt' failed"):
        found = run("memory", Memory, also=module, **settings)
    assert found.ensemble is None
    assert set(found.students) >= {"logistic", "tree"} - {"liar"}


@pytest.mark.parametrize("kind", ["stage", "fuser", "augmenter", "sampler"])
def test_a_plugin_that_ends_the_program_is_blamed_and_ends_nothing(kind):
    method = {"stage": "fit", "fuser": "fit", "augmenter": "rows", "sampler": "ask"}[kind]
    with pytest.raises(PluginError, match=f"'evil': {kind} 'liar' failed .*SystemExit: a lie"):
        run(kind, but(HONEST[kind], **{method: gives_up}))


class Learner(Scheduler):
    """A scheduler that wants to hear of other data."""

    def learn(self, facts, outcomes):
        self.heard = list(outcomes)


#: A memory that fails costs what it knows, not the run.
FORGOTTEN = [
    (but(Memory, suggest=raises), "failed in suggest: .*a lie"),
    (but(Memory, suggest=returns([{}, 3])), "a suggestion is 3; expected a mapping of hyperp"),
    (but(Memory, outcomes=raises), "failed in outcomes: .*a lie"),
    (but(Memory, outcomes=returns(["good"])), "an outcome is 'good'; expected a hpmkd Outcome"),
    (but(Memory, remember=raises), "failed in remember: .*a lie"),
]


@pytest.mark.parametrize(("liar", "said"), FORGOTTEN)
def test_a_memory_that_lies_costs_what_it_knows_and_is_blamed(liar, said):
    module = types.ModuleType("eager")
    module.hpmkd_schedulers = hookimpl(lambda: [Offer("learner", Learner, "listens")])
    with pytest.warns(PluginWarning, match=f"'evil': memory 'liar'.*{said}") as caught:
        found = run("memory", liar, also=module, **{"scheduler.name": "learner"})
    assert found.students
    assert found.facts["search"]["remembered"] == {"tree": []}
    (message,) = {str(each.message) for each in caught}
    assert "--disable evil" in message
    assert "the run goes on without what it remembers" in message


def test_an_executor_that_cannot_close_costs_a_warning_not_the_run():
    with pytest.warns(PluginWarning, match="'evil': executor 'liar' failed in close: .*a lie"):
        found = run("executor", but(Executor, close=raises))
    assert found.students


@pytest.mark.parametrize("error", [DataError("bad rows"), TeacherError("no"), KeyboardInterrupt()])
def test_errors_on_purpose_and_ctrl_c_pass_through(error):
    def fail(*arguments):
        raise error

    for kind, name in (("executor", "run"), ("cache", "get_or_compute"), ("fuser", "fit")):
        with pytest.raises(type(error)) as caught:
            run(kind, but(HONEST[kind], **{name: fail}))
        assert caught.value is error


def test_what_a_computation_raises_is_not_the_caches_fault(monkeypatch):
    def fail(*arguments, **options):
        raise ZeroDivisionError("of the engine's own")

    monkeypatch.setattr("hpmkd.knowledge.crossfit.CrossFitter._fit", fail)
    with pytest.raises(ZeroDivisionError, match="of the engine's own"):
        run("cache", Cache)


@pytest.mark.parametrize("stage", ["logistic", "tree", "gbm", "xgboost"])
def test_no_stage_is_blamed_for_the_scheduler_that_it_calls(stage):
    liar = but(Scheduler, softening=raises, varies=True)
    with pytest.raises(PluginError) as caught:
        run("scheduler", liar, stages=[stage])
    assert f"{stage}: plugin 'evil': scheduler 'liar' failed in softening" in str(caught.value)
    assert "plugin 'defaults'" not in str(caught.value)
