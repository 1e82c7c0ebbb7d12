"""Whoever breaks a contract is blamed: plugin, kind and name, whatever the lie."""

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
from hpmkd.registry.offers import RegisteredComponent
from hpmkd.registry.registry import PluginWarning, Registry
from hpmkd.registry.validation.knowledge import guarded
from hpmkd.values import Configuration, Fused, Offer, Softening

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(b=np.arange(60))
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
    # Most that an augmenter can get wrong, only a frame shows.
    table = FRAME if kind == "augmenter" else X
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


def without(base, name):
    """A class like another, that lacks a name."""
    kept = {key: value for key, value in vars(base).items() if key != name and key[:2] != "__"}
    if "__init__" in vars(base):
        kept["__init__"] = base.__init__
    return type("Liar", (), kept)


def asks(**hyperparameters):
    def first(self):
        ((stage, _),) = self.space.stages.items()
        return Configuration(stage, 1.0, 0.5, hyperparameters)

    return but(Sampler, first=first)


def fits(**lies):
    return but(Fuser, fit=returns(but(FittedFuser, **lies)()))


def makes(**lies):
    return but(Stage, fit=returns(but(Student, **lies)()))


def augments(change):
    return but(Augmenter, rows=lambda self, table, n, rng: change(table))


def ends_early(self, function, shared, tasks):
    return iter(())


def numbers(self, function, shared, tasks):
    yield from range(len(tasks))


def nothing(self, function, shared, tasks):
    for at in range(len(tasks)):
        yield at, None


def one_twice(self, function, shared, tasks):
    for task in tasks:
        yield 0, function(shared, task)


LIES = [
    ("scheduler", but(Scheduler, softening=raises), "failed in softening: .*a lie"),
    ("scheduler", but(Scheduler, softening=returns((1.0, 0.5))), r"softening returned is \(1.0"),
    ("scheduler", but(Scheduler, softening=returns(Softening(1.0, 7))), "alpha 7 and temp"),
    ("scheduler", but(Scheduler, softening=returns(Softening(np.nan, 0.5))), "temperature nan"),
    ("scheduler", but(Scheduler, softening=returns(Softening("a", 0.5))), "failed in softening"),
    ("scheduler", but(Scheduler, varies="no"), "varies is 'no'; expected True or False"),
    ("scheduler", without(Scheduler, "observe"), "has no observe; expected what hpmkd.contr"),
    ("executor", but(Executor, run=raises), "failed in run: .*a lie"),
    ("executor", but(Executor, run=returns(None)), "failed in run: TypeError"),
    ("executor", but(Executor, run=ends_early), "run ended without a result of task 0"),
    ("executor", but(Executor, run=numbers), r"yielded 0; expected \(index, result\)"),
    ("executor", but(Executor, run=nothing), "yielded None as the result of task 0"),
    ("executor", but(Executor, run=one_twice), "a result of task 0, which was done"),
    ("executor", but(Executor, prepare=raises), "failed in prepare: .*a lie"),
    ("executor", without(Executor, "close"), "has no close"),
    ("cache", but(Cache, get_or_compute=raises), "failed in get_or_compute: .*a lie"),
    ("cache", but(Cache, get_or_compute=returns(None)), "is None; expected an array"),
    (
        "cache",
        but(Cache, get_or_compute=lambda self, region, key, compute: compute()[:2]),
        r"returned shape \(2, 2\); .* was computed",
    ),
    ("cache", but(Cache, stats=raises), "failed in stats: .*a lie"),
    ("cache", but(Cache, stats=returns(None)), "stats returned is None; expected a mapping"),
    ("cache", but(Cache, stats=returns({"hits": "many"})), "failed in stats: TypeError"),
    ("sampler", without(Sampler, "total"), "has no total"),
    ("sampler", but(Sampler, total="all"), "total is 'all'; expected an int or None"),
    ("sampler", but(Sampler, ask=raises), "failed in ask: .*a lie"),
    ("sampler", but(Sampler, ask=returns(None)), "failed in ask: TypeError"),
    ("sampler", but(Sampler, ask=returns(["a"])), "ask returned 'a'; expected a Configuration"),
    ("sampler", asks(max_leaf_nodes=float("nan")), "max_leaf_nodes = nan; expected a finite"),
    ("sampler", asks(max_leaf_nodes=-3), r"max_leaf_nodes = -3; expected an integer in \["),
    ("sampler", asks(max_leaf_nodes="many"), "max_leaf_nodes = 'many'; expected an integer"),
    ("sampler", asks(max_leaf_nodes=np.int64(8)), r"np.int64\(8\); expected a float, int or str"),
    ("fuser", but(Fuser, fit=raises), "failed in fit: .*a lie"),
    ("fuser", but(Fuser, fit=returns(None)), "fit returned None; expected something with fuse"),
    ("fuser", fits(fuse=raises), "failed in fuse: .*a lie"),
    ("fuser", fits(fuse=returns(None)), "failed in fuse: AttributeError"),
    ("fuser", fits(summary=returns(None)), "summary returned None; expected a mapping"),
    ("fuser", fits(summary=returns({"t": np.float32(1)})), "failed in summary: TypeError"),
    ("fuser", fits(summary=returns({"gate": "open"})), "gate in its summary is 'open'; expected"),
    ("fuser", fits(summary=returns({"gate": {"accepted": 1}})), "accepted in its gate is 1"),
    ("fuser", fits(summary=returns({"gate": {"accepted": True}})), "reason in its gate is None"),
    ("fuser", fits(summary=returns({"wins": [{"teacher": 1}]})), "a win is of teacher 1"),
    ("fuser", without(Fuser, "fit"), "has no fit"),
    ("teacher", but(Panel, members=raises), "failed in members: .*a lie"),
    ("teacher", but(Panel, members=returns(None)), "failed in members: TypeError"),
    ("teacher", but(Panel, members=returns({})), "returned no teachers"),
    ("teacher", without(Panel, "members"), "has no members"),
    ("augmenter", without(Augmenter, "rows"), "has no rows"),
    ("augmenter", but(Augmenter, rows=raises), "failed in rows: .*a lie"),
    ("augmenter", but(Augmenter, rows=returns(None)), "returned a NoneType; expected a DataFr"),
    ("augmenter", augments(lambda table: table.to_numpy()), "returned a ndarray; expected a Da"),
    (
        "augmenter",
        augments(lambda table: pd.concat([table] * 4)),
        r"shape \(96, 3\); expected at most 72 rows and 3 columns",
    ),
    ("augmenter", augments(lambda table: table[["a", "b"]]), "shape .* rows and 3 columns"),
    ("augmenter", augments(lambda table: table[["b", "a", "c"]]), "or in another order"),
    ("augmenter", augments(lambda table: table.set_axis([1, 2, 3], axis=1)), "other columns"),
    ("augmenter", augments(lambda table: table.astype(float)), "b as float64; expected int64"),
    ("augmenter", augments(lambda table: table.assign(c="x")), "c as .*; expected float64"),
    ("augmenter", augments(lambda table: table.assign(c=np.inf)), "c holds 24 cells that are inf"),
    ("memory", without(Memory, "remember"), "has no remember; expected what hpmkd.contr"),
    ("stage", but(Stage, encoding="quantum"), "encoding is 'quantum'; expected 'tree' or 'lin"),
    ("stage", but(Stage, encoding=None), "encoding is None"),
    ("stage", without(Stage, "complexity"), "has no complexity"),
    ("stage", but(Stage, complexity="simple"), "complexity is 'simple'; expected an int"),
    ("stage", but(Stage, defaults=None), "defaults is None; expected a mapping"),
    ("stage", but(Stage, space=raises), "failed in space: .*a lie"),
    ("stage", but(Stage, space=returns(None)), "space returned is None; expected a mapping"),
    ("stage", but(Stage, fit=raises), "failed in fit: .*a lie"),
    ("stage", but(Stage, fit=returns(None)), "fit returned NoneType"),
    ("stage", but(Stage, portfolio=[3]), "a point of the portfolio is 3; expected a mapping"),
    ("stage", but(Stage, portfolio=3), "breaks its contract: TypeError: .*not iterable"),
    ("stage", makes(predict_proba=returns(None)), "failed to predict"),
    ("stage", makes(to_bytes=raises), "failed in to_bytes: .*a lie"),
]


def hands(**changes):
    return but(Transfer, hand_over=lambda self, inputs, previous: replace(inputs, **changes))


#: What a transfer gets wrong when it is built ends the run; the rest costs its link.
BUILT = [
    (without(Transfer, "hand_over"), "has no hand_over; expected what hpmkd.contracts.Transfer"),
    (without(Transfer, "teaches"), "has no teaches"),
    (but(Transfer, teaches="much"), "teaches is 'much'; expected True or False"),
    (but(Transfer, unseen=None), "unseen is None; expected True or False"),
]
HANDED = [
    (but(Transfer, hand_over=raises), "failed in hand_over: ZeroDivisionError: a lie"),
    (but(Transfer, hand_over=returns(None)), "returned is None; expected a hpmkd StageInputs"),
    (hands(matrix=np.zeros((5, 3))), "hand_over returned another matrix than it was given"),
    (hands(labels=np.zeros(5, dtype=int)), "hand_over returned another labels than it was given"),
    (hands(classes=np.arange(3)), "hand_over returned another classes"),
    (hands(configuration=Configuration("tree", 1.0, 1.0)), "returned another configuration"),
    (hands(soft_targets=np.full((5, 2), 0.5)), "failed in hand_over: ValueError: hand_over"),
    (hands(soft_targets=None), "failed in hand_over"),
    (
        but(
            Transfer,
            hand_over=lambda self, inputs, previous: replace(
                inputs, soft_targets=inputs.soft_targets * np.nan
            ),
        ),
        "failed in hand_over: .*NaN",
    ),
    (
        but(
            Transfer,
            hand_over=lambda self, inputs, previous: replace(
                inputs, soft_targets=2 * inputs.soft_targets
            ),
        ),
        "failed in hand_over: .*sum",
    ),
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


@pytest.mark.parametrize(("liar", "said"), BUILT)
def test_a_transfer_that_is_none_is_blamed(liar, said):
    with pytest.raises(PluginError, match=f"'evil': transfer 'liar' breaks its contract.*{said}"):
        run("transfer", liar, **CHAIN)


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


def suggests(*points):
    return but(Memory, suggest=returns(points))


class Learner(Scheduler):
    """A scheduler that wants to hear of other data."""

    def learn(self, facts, outcomes):
        self.heard = list(outcomes)


#: A memory that fails costs what it knows, not the run.
FORGOTTEN = [
    (but(Memory, suggest=raises), "failed in suggest: .*a lie"),
    (but(Memory, suggest=returns(None)), "failed in suggest: TypeError"),
    (suggests(3), "a suggestion is 3; expected a mapping of hyperparameters"),
    (suggests({}, "deep"), "a suggestion is 'deep'"),
    (but(Memory, outcomes=raises), "failed in outcomes: .*a lie"),
    (but(Memory, outcomes=returns(None)), "failed in outcomes: TypeError"),
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


def guarded_augmenter(change):
    offered = RegisteredComponent("augmenter", Offer("liar", Augmenter, ""), "evil")
    return guarded(offered, augments(change)())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.astype(np.float32), "an array as float32; expected float64"),
        (lambda table: table / 0.0, "column 0 holds .* infinite"),
        (lambda table: table[0], r"returned shape \(3,\)"),
        (lambda table: pd.DataFrame(table), "returned a DataFrame; expected a ndarray"),
    ],
)
def test_an_augmenter_can_lie_about_arrays_too(change, said):
    with (
        np.errstate(divide="ignore"),
        pytest.raises(PluginError, match=f"'evil': augmenter 'liar' failed in rows: .*{said}"),
    ):
        guarded_augmenter(change).rows(X, 60, RNG)


def test_an_augmenter_cannot_write_into_the_rows_of_the_run():
    given = FRAME.copy()

    def scribbles(table):
        table.loc[:, "a"] = 7.0
        return table[:3]

    guarded_augmenter(scribbles).rows(given, 60, RNG)
    pd.testing.assert_frame_equal(given, FRAME)


def test_counts_of_numpy_are_taken_as_they_are_meant(tmp_path):
    stats = returns({"hits": np.int64(0), "misses": np.int64(2)})
    run("cache", but(Cache, stats=stats)).save(tmp_path / "run")


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

    monkeypatch.setattr("hpmkd.knowledge.crossfit.CrossReading._fit", fail)
    with pytest.raises(ZeroDivisionError, match="of the engine's own"):
        run("cache", Cache)


@pytest.mark.parametrize("stage", ["logistic", "tree", "gbm", "xgboost"])
def test_no_stage_is_blamed_for_the_scheduler_that_it_calls(stage):
    liar = but(Scheduler, softening=raises, varies=True)
    with pytest.raises(PluginError) as caught:
        run("scheduler", liar, stages=[stage])
    assert f"{stage}: plugin 'evil': scheduler 'liar' failed in softening" in str(caught.value)
    assert "plugin 'defaults'" not in str(caught.value)


def test_an_executor_that_nobody_listens_to_any_more_is_told():
    closed = []

    def endless(self, function, shared, tasks):
        try:
            for at in range(len(tasks)):
                yield at, at
        finally:
            closed.append(True)

    offered = RegisteredComponent("executor", Offer("liar", Executor, ""), "evil")
    results = guarded(offered, but(Executor, run=endless)()).run(len, None, [1, 2])
    next(results)
    results.close()
    assert closed == [True]
