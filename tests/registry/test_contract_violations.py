"""A component that breaks its contract in a run is blamed: plugin, kind, name and method."""

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
from hpmkd.errors import DataError, PluginError, PluginWarning, TeacherError
from hpmkd.hookspecs import OFFER_HOOKS, hookimpl
from hpmkd.recipe.recipe import Recipe
from hpmkd.registry.registry import Registry
from hpmkd.values import Configuration, Fused, Offer, Softening

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] + RNG.normal(0, 0.5, 60) > 0).astype(int)
RECIPE = Recipe.load("hpm").override(
    {
        "stages": ["tree"],
        "sampler.trials": 1,
        "split.folds": 3,
        "search.alphas.self": [0.5],
        "augmenter.name": "none",
        "extra.rows": 3.0,
        "ensemble.top": 0,
    }
)
#: Of each kind, the component that lies about one thing, and is else as it is shipped.
SHIPPED = {
    "augmenter": "munge",
    "cache": "memory",
    "executor": "serial",
    "fuser": "mean",
    "memory": "none",
    "sampler": "grid",
    "scheduler": "constant",
    "stage": "tree",
    "teacher": "quick",
    "transfer": "mix",
}


def run(kind, lies, also=None, **settings):
    """A run whose component of a kind is the plugin "evil"'s; a plugin may come along."""
    registry = Registry.installed()
    shipped = registry.offers(kind)[SHIPPED[kind]]

    def liar(*arguments):
        if callable(lies):
            return lies(*arguments)
        component = shipped.create(*arguments)
        for name, lie in lies.items():
            object.__setattr__(component, name, lie)
        return component

    module = types.ModuleType("evil")
    setattr(module, OFFER_HOOKS[kind], hookimpl(lambda: [Offer("liar", liar, "lies")]))
    registry.add("evil", module)
    if also is not None:
        registry.add("also", also)
    registry.require_sound()
    named = {"stage": {"stages": ["liar"]}, "transfer": {}}.get(kind, {f"{kind}.name": "liar"})
    recipe = RECIPE.override(named).override(settings)
    table = pd.DataFrame(X) if kind == "augmenter" else X
    return api.run(recipe, registry, table, Y, teacher=None if kind == "teacher" else GaussianNB())


def raises(*arguments, **named):
    raise ZeroDivisionError("a lie")


def exits(*arguments):
    raise SystemExit("a lie")


def returns(value):
    return lambda *arguments: value


def fits(**lies):
    """A fuser whose fitted one lies."""

    def fuse(probabilities, table):
        m, n, _ = probabilities.shape
        return Fused(probabilities.mean(axis=0), np.full((n, m), 1 / m))

    return {"fit": returns(types.SimpleNamespace(**{"fuse": fuse, "summary": dict, **lies}))}


def makes(**lies):
    """A stage whose student lies."""
    honest = {
        "classes_": np.arange(2),
        "predict_proba": lambda table: np.full((len(table), 2), 0.5),
        "to_bytes": lambda: b"student",
    }
    return {"fit": returns(types.SimpleNamespace(**{**honest, **lies}))}


#: What ends a run.
LIES = [
    ("scheduler", {"softening": raises}, "failed in softening: .*a lie"),
    ("scheduler", {"softening": returns(Softening(1.0, 7))}, "alpha 7 and temp"),
    ("executor", {"run": raises}, "failed in run: .*a lie"),
    ("executor", {"prepare": raises}, "failed in prepare: .*a lie"),
    ("cache", {"get_or_compute": raises}, "failed in get_or_compute: .*a lie"),
    ("cache", {"get_many": lambda *_: []}, "failed in get_many: .*0 entries"),
    ("cache", {"put": lambda *_: None}, "failed in put: .*expected an array"),
    ("cache", {"stats": raises}, "failed in stats: .*a lie"),
    ("sampler", {"ask": raises}, "failed in ask: .*a lie"),
    ("sampler", {"ask": exits}, "failed in ask: SystemExit: a lie"),
    ("fuser", {"fit": raises}, "failed in fit: .*a lie"),
    ("fuser", {"fit": exits}, "failed in fit: SystemExit: a lie"),
    ("fuser", {"fit": returns(None)}, "failed in fuse: AttributeError"),
    ("fuser", fits(fuse=raises), "failed in fuse: .*a lie"),
    ("fuser", fits(fuse=returns(None)), "failed in fuse: AttributeError"),
    ("fuser", fits(summary=returns(None)), "summary returned None; expected a mapping"),
    ("fuser", fits(summary=returns({"t": np.float32(1)})), "failed in summary: TypeError"),
    ("fuser", fits(summary=returns({"gate": "open"})), "gate in its summary is 'open'; expected"),
    ("fuser", fits(summary=returns({"gate": {"accepted": 1}})), "accepted in its gate is 1"),
    ("fuser", fits(summary=returns({"gate": {"accepted": True}})), "reason in its gate is None"),
    ("fuser", fits(summary=returns({"wins": [{"teacher": 1}]})), "a win is of teacher 1"),
    ("teacher", {"members": raises}, "failed in members: .*a lie"),
    ("teacher", {"members": returns({})}, "returned no teachers"),
    ("augmenter", {"rows": raises}, "failed in rows: .*a lie"),
    ("augmenter", {"rows": returns(None)}, "returned a NoneType; expected a DataFr"),
    ("stage", {"space": raises}, "failed in space: .*a lie"),
    ("stage", {"fit": raises}, "failed in fit: .*a lie"),
    ("stage", {"fit": exits}, "failed in fit: SystemExit: a lie"),
    ("stage", {"fit": returns(None)}, "fit returned NoneType"),
    ("stage", makes(predict_proba=returns(None)), "failed to predict"),
    ("stage", makes(to_bytes=raises), "failed in to_bytes: .*a lie"),
]


@pytest.mark.parametrize(("kind", "lies", "message"), LIES)
def test_a_liar_is_blamed_by_plugin_kind_and_name(kind, lies, message):
    settings = {"sampler.trials": 2} if kind == "stage" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        with pytest.raises(PluginError, match=message) as caught:
            run(kind, lies, **settings)
    assert f"plugin 'evil': {kind} 'liar'" in str(caught.value)
    assert "--disable evil" in str(caught.value)
    assert "plugin 'defaults'" not in str(caught.value)


def hands(**changes):
    return {"hand_over": lambda inputs, previous: replace(inputs, **changes)}


def scales(factor):
    def hand_over(inputs, previous):
        return replace(inputs, soft_targets=factor * inputs.soft_targets)

    return {"hand_over": hand_over}


@pytest.mark.parametrize(
    ("lies", "message"),
    [
        ({"hand_over": raises}, "failed in hand_over: ZeroDivisionError: a lie"),
        ({"hand_over": returns(None)}, "returned is None; expected a hpmkd StageInputs"),
        (hands(labels=np.zeros(5, dtype=int)), "returned another labels than it was given"),
        (hands(soft_targets=np.full((5, 2), 0.5)), "failed in hand_over: ValueError: hand_over"),
        (scales(np.nan), "failed in hand_over: .*NaN"),
        (scales(2), "failed in hand_over: .*sum"),
    ],
)
def test_a_transfer_that_hands_over_a_lie_costs_its_link_and_is_blamed(lies, message):
    chain = [{"stage": "logistic"}, {"stage": "tree", "transfer": "liar"}]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        found = run("transfer", lies, stages=["logistic", "tree"], chain=chain)
    link = found.gates[0]
    assert not link.passed
    assert re.search(message, link.reason)
    assert link.reason.startswith("plugin 'evil': transfer 'liar'")
    assert "--disable evil" in link.reason
    assert all(record.after is None for record in found.records)


class Later:
    """A sampler that asks for one configuration, then fails."""

    total = 1

    def __init__(self, space):
        ((name, stage),) = space.stages.items()
        self.batches = [[Configuration(name, 1.0, max(space.alphas), stage.defaults)]]

    def ask(self, n):
        return self.batches.pop() if self.batches else raises()

    def tell(self, trial):
        pass


#: What fails when something has succeeded already costs what would have come, not the run.
@pytest.mark.parametrize(
    ("kind", "lies", "message"),
    [
        (
            "scheduler",
            {"observe": raises},
            "failed in observe: .*a lie.*it will receive no further",
        ),
        (
            "sampler",
            {"tell": raises},
            "failed in tell: .*a lie.*the search ends with what",
        ),
        (
            "sampler",
            {"tell": exits},
            "failed in tell: SystemExit: a lie.*the search ends",
        ),
        ("sampler", Later, "failed in ask: .*a lie.*the search ends with what it has found"),
        ("executor", {"close": raises}, "failed in close: .*a lie"),
    ],
)
def test_a_failure_after_a_success_does_not_end_the_run(kind, lies, message):
    with pytest.warns(PluginWarning, match=f"'evil': {kind} 'liar' {message}") as caught:
        found = run(kind, lies)
    # There are two searches, each with a sampler of its own.
    assert len(caught) == (2 if kind == "sampler" else 1)
    assert all(re.search(message, str(each.message)) for each in caught)
    assert found.students
    if kind == "sampler":
        assert found.facts["search"]["ended"].startswith("the sampler failed: plugin 'evil'")


class Learner:
    """A scheduler that learns from other data."""

    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        pass

    def learn(self, facts, outcomes):
        self.known = list(outcomes)


@pytest.mark.parametrize(
    ("lies", "message"),
    [
        ({"suggest": raises}, "failed in suggest: .*a lie"),
        ({"suggest": returns([{}, 3])}, "a suggestion is 3; expected a mapping of hyperparameters"),
        ({"outcomes": raises}, "failed in outcomes: .*a lie"),
        ({"outcomes": returns(["good"])}, "an outcome is 'good'; expected a hpmkd Outcome"),
        ({"remember": raises}, "failed in remember: .*a lie"),
    ],
)
def test_a_memory_that_lies_costs_what_it_knows_and_is_blamed(lies, message):
    module = types.ModuleType("eager")
    module.hpmkd_schedulers = hookimpl(lambda: [Offer("learner", Learner, "learns")])
    with pytest.warns(PluginWarning, match=f"'evil': memory 'liar'.*{message}") as caught:
        found = run("memory", lies, also=module, **{"scheduler.name": "learner"})
    assert found.students
    assert found.facts["search"]["remembered"] == {"tree": []}
    (message,) = {str(each.message) for each in caught}
    assert "--disable evil" in message
    assert "the run continues without what it remembers" in message


@pytest.mark.parametrize("error", [DataError("bad rows"), TeacherError("no"), KeyboardInterrupt()])
def test_errors_on_purpose_and_ctrl_c_pass_through(error):
    def fail(*arguments, **named):
        raise error

    for kind, name in (("executor", "run"), ("cache", "get_or_compute"), ("fuser", "fit")):
        with pytest.raises(type(error)) as caught:
            run(kind, {name: fail})
        assert caught.value is error


def test_what_a_computation_raises_is_not_the_caches_fault(monkeypatch):
    monkeypatch.setattr("hpmkd.knowledge.crossfit.CrossFitter._fit", raises)
    with pytest.raises(ZeroDivisionError, match="a lie"):
        run("cache", {})


@pytest.mark.parametrize("stage", ["logistic", "tree", "gbm", "xgboost"])
def test_no_stage_is_blamed_for_the_scheduler_that_it_calls(stage):
    with pytest.raises(PluginError) as caught:
        run("scheduler", {"softening": raises, "varies": True}, stages=[stage])
    assert f"{stage}: plugin 'evil': scheduler 'liar' failed in softening" in str(caught.value)
    assert "plugin 'defaults'" not in str(caught.value)
