"""The proxy around a component: what passes, what is checked, and what is blamed."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hpmkd.errors import DataError, PluginError, PluginWarning
from hpmkd.registry.offers import ComponentOrigin
from hpmkd.registry.validation.proxy import blaming
from hpmkd.values import Configuration, Softening, StageInputs, TrainingState

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(b=np.arange(24))
HALF = Configuration("it", 2.0, 0.5)


METHODS = (
    *("ask", "tell", "space", "fit", "hand_over", "softening", "observe", "suggest", "outcomes"),
    *("remember", "get_or_compute", "stats", "members", "rows", "run", "close", "export"),
)


class Anything:
    """Fulfils every contract, but for the methods that are to be `lacking`."""

    encoding, complexity, defaults, total = "tree", 0, {}, None
    teaches = unseen = varies = gives_up = False
    workers, suffix = 1, ".odd"

    def __init__(self, lacking="", **results):
        for name in METHODS:
            if name != lacking:
                setattr(self, name, Method(results.get(name)))


class Method:
    """Raises, calls or returns what it was given."""

    def __init__(self, result):
        self.result = result

    def __call__(self, *arguments, **named):
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result(*arguments, **named) if callable(self.result) else self.result


def proxied(kind, *arguments, **results):
    return blaming(Anything(**results), ComponentOrigin("evil", kind, "liar"), *arguments)


def inputs(**changes):
    given = StageInputs(
        matrix=X,
        encoder=None,
        labels=np.zeros(24, dtype=int),
        soft_targets=np.full((24, 2), 0.5),
        classes=np.arange(2),
        configuration=HALF,
        scheduler=None,
        seed=0,
    )
    return replace(given, **changes)


GIVEN = inputs()
STATE = TrainingState(0.0)


def hands(**changes):
    return lambda given, previous: replace(given, **changes)


def makes(change):
    return lambda table, n, rng: change(table)


#: Kind, method, what it does, its arguments, and what is said of it.
WRONG = [
    ("scheduler", "softening", ZeroDivisionError("a lie"), (HALF, STATE), "ZeroDivisionError: a l"),
    ("scheduler", "softening", SystemExit("a lie"), (HALF, STATE), "SystemExit: a lie"),
    ("scheduler", "softening", (1.0, 0.5), (HALF, STATE), r"softening returned is \(1.0"),
    ("scheduler", "softening", Softening(1.0, 7), (HALF, STATE), "alpha 7 and temperature 1.0"),
    ("scheduler", "softening", Softening(np.nan, 0.5), (HALF, STATE), "temperature nan"),
    ("scheduler", "softening", Softening("a", 0.5), (HALF, STATE), "TypeError"),
    ("transfer", "hand_over", hands(matrix=X[:5]), (GIVEN, None), "another matrix than it was giv"),
    ("transfer", "hand_over", hands(classes=np.arange(3)), (GIVEN, None), "another classes"),
    ("transfer", "hand_over", hands(configuration=HALF.control()), (GIVEN, None), "another config"),
    ("transfer", "hand_over", hands(soft_targets=None), (GIVEN, None), "ValueError|TypeError"),
    ("stage", "space", None, (None,), "space returned is None; expected a mapping"),
    ("cache", "get_or_compute", None, ("r", "key", None), "is None; expected an array"),
    ("executor", "run", None, (len, None, []), "not iterable"),
    ("executor", "run", lambda *given: map(int, ["a lie"]), (len, None, []), "ValueError: .*a lie"),
    *(
        ("augmenter", "rows", makes(change), (table, 24, RNG), message)
        for table, change, message in [
            (FRAME, lambda table: table.to_numpy(), "returned a ndarray; expected a DataFrame"),
            (FRAME, lambda table: pd.concat([table] * 2), r"\(48, 3\); expected at most 24 rows"),
            (FRAME, lambda table: table[["a", "b"]], "shape .* rows and 3 columns"),
            (FRAME, lambda table: table[["b", "a", "c"]], "or in another order"),
            (FRAME, lambda table: table.astype(float), "b as float64; expected int64"),
            (FRAME, lambda table: table.assign(c="x"), "c as .*; expected float64"),
            (FRAME, lambda table: table.assign(c=np.inf), "c holds 24 cells that are inf"),
            (X, lambda table: table.astype(np.float32), "an array as float32; expected float64"),
            (X, lambda table: table + np.inf, "column 0 holds .* infinite"),
            (X, lambda table: table[0], r"returned shape \(3,\)"),
            (X, lambda table: pd.DataFrame(table), "returned a DataFrame; expected a ndarray"),
        ]
    ),
]


@pytest.mark.parametrize(("kind", "method", "result", "arguments", "message"), WRONG)
def test_what_is_wrong_is_blamed(kind, method, result, arguments, message):
    component = proxied(kind, **{method: result})
    with pytest.raises(PluginError, match=message) as caught:
        list(getattr(component, method)(*arguments))
    assert f"plugin 'evil': {kind} 'liar' failed in {method}: " in str(caught.value)
    assert "--disable evil" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "lacking", "contract"),
    [("transfer", "hand_over", "Transfer"), ("teacher", "members", "TeacherPanel")],
)
def test_what_lacks_a_method_is_blamed(kind, lacking, contract):
    message = f"'evil': {kind} 'liar' breaks its contract: .* has no {lacking}; .*{contract} lists"
    with pytest.raises(PluginError, match=message):
        proxied(kind, lacking=lacking)


def test_there_is_an_encoder_for_every_stage(monkeypatch):
    monkeypatch.setattr(Anything, "encoding", "quantum")
    with pytest.raises(PluginError, match="encoding is 'quantum'; expected 'tree' or 'linear'"):
        proxied("stage")


def test_a_fuser_that_asks_for_the_student_takes_it():
    def fit(probabilities, labels, table, weights=None):
        return None

    assert proxied("fuser").fit() is None
    for asked, message in [("yes", "student_state is 'yes'"), (True, "fit has no such parameter")]:
        fuser = Anything()
        fuser.student_state, fuser.fit = asked, fit
        with pytest.raises(PluginError, match=f"fuser 'liar' breaks its contract: .*{message}"):
            blaming(fuser, ComponentOrigin("evil", "fuser", "liar"))
    fuser.student_state = False
    assert not blaming(fuser, ComponentOrigin("evil", "fuser", "liar")).student_state


def test_an_exporter_has_written_its_file(tmp_path):
    exporter = proxied("exporter", export=lambda student, path: path)
    with pytest.raises(PluginError, match=r"export returned .*; expected a file at"):
        exporter.export(None, tmp_path / "student.odd")


def test_an_augmenter_cannot_write_into_the_rows_of_the_run():
    given = FRAME.copy()

    def scribbles(table):
        table.loc[:, "a"] = 7.0
        return table[:3]

    proxied("augmenter", rows=makes(scribbles)).rows(given, 24, RNG)
    pd.testing.assert_frame_equal(given, FRAME)


def test_a_memory_that_fails_is_asked_no_more():
    memory = proxied("memory", suggest=OSError("gone"), outcomes=["good"])
    with pytest.warns(PluginWarning, match="'liar' failed in suggest: OSError: gone") as caught:
        assert [list(memory.suggest(None, "tree")) for _ in range(2)] == [[], []]
    assert len(caught) == 1
    with pytest.warns(PluginWarning, match="an outcome is 'good'; expected a hpmkd Outcome"):
        assert list(memory.outcomes(None)) == []


@pytest.mark.parametrize("error", [DataError("bad rows"), KeyboardInterrupt()])
def test_errors_on_purpose_and_ctrl_c_pass(error):
    with pytest.raises(type(error)) as caught:
        proxied("fuser", fit=error).fit()
    assert caught.value is error


def test_what_a_function_raises_is_no_fault_of_the_cache_it_was_handed_to():
    def compute():
        raise ZeroDivisionError("of the engine's own")

    cache = proxied("cache", get_or_compute=lambda region, key, compute: compute())
    with pytest.raises(ZeroDivisionError, match="of the engine's own"):
        cache.get_or_compute("region", "key", compute)


def test_results_are_left_with_those_who_yield_them():
    closed = []

    def endless(function, shared, tasks):
        try:
            yield from enumerate(tasks)
        finally:
            closed.append(True)

    results = proxied("executor", run=endless).run(len, None, [1, 2])
    assert next(results) == (0, 1)
    results.close()
    assert closed == [True]


class Halving:
    varies = True

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha / 2)

    def observe(self, trial):
        pass


@pytest.mark.parametrize(
    "moved", [lambda each: pickle.loads(pickle.dumps(each)), copy.copy, copy.deepcopy]
)
def test_proxies_travel(moved):
    arrived = moved(blaming(Halving(), ComponentOrigin("p", "scheduler", "halving")))
    assert arrived.softening(HALF, STATE) == Softening(2.0, 0.25)
    assert arrived.varies
    # What a contract makes optional is there if the component has it.
    assert not hasattr(arrived, "learn")
