"""Checks of what components return: anything that would change a result, or fail elsewhere.

Each is called in place of a method, with the method and its arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.probabilities import checked
from hpmkd.data.raw_rows import infinite_cells
from hpmkd.student.encoders import ENCODINGS
from hpmkd.values import Outcome, Softening, StageInputs

if TYPE_CHECKING:
    from hpmkd.contracts import Fuser, Stage

Method = Callable[..., Any]


def expect(name: str, value: object, kind: type | tuple[type, ...], expected: str) -> None:
    """Raise TypeError unless `value`, called `name`, is of a type."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r:.80}; expected {expected}")


def check_encoding(stage: Stage) -> None:
    """Raise ValueError if there is no encoder of the kind that a stage reads."""
    if stage.encoding not in tuple(ENCODINGS):
        known = " or ".join(map(repr, ENCODINGS))
        raise ValueError(f"encoding is {stage.encoding!r}; expected {known}")


def check_student_state(fuser: Fuser) -> None:
    """Raise TypeError if a fuser uses the current student, but its fit does not take it."""
    uses_student = getattr(fuser, "student_state", False)
    expect("student_state", uses_student, bool, "True or False")
    if not uses_student:
        return
    taken = inspect.signature(fuser.fit).parameters.values()
    if not any(each.name == "student_state" or each.kind is each.VAR_KEYWORD for each in taken):
        raise TypeError(
            "student_state is True, and fit has no such parameter; expected "
            "fit(probabilities, labels, table, weights=None, student_state=None)"
        )


def space(method: Method, trial: Any) -> Any:
    """Draw hyperparameters: a mapping."""
    drawn = method(trial)
    expect("what space returned", drawn, Mapping, "a mapping")
    return drawn


def softening(method: Method, configuration: Any, state: Any) -> Softening:
    """Return the softening of a round: in its range."""
    found: Softening = method(configuration, state)
    expect("what softening returned", found, Softening, "a hpmkd.Softening")
    if not 0 <= found.alpha <= 1 or not 0 < found.temperature < np.inf:
        raise ValueError(
            f"softening returned alpha {found.alpha} and temperature {found.temperature}; "
            "expected alpha in [0, 1] and a finite temperature above 0"
        )
    return found


def hand_over(method: Method, inputs: StageInputs, previous: Any) -> StageInputs:
    """Hand over inputs: about the same rows, and still with probabilities."""
    given: StageInputs = method(inputs, previous)
    expect("what hand_over returned", given, StageInputs, "a hpmkd StageInputs")
    for name in ("matrix", "labels", "classes", "configuration"):
        if getattr(given, name) is not getattr(inputs, name):
            raise ValueError(f"hand_over returned another {name} than it was given")
    checked(given.soft_targets, inputs.soft_targets.shape, "hand_over")
    if given.extra is not None and inputs.extra is not None:
        checked(given.extra.soft_targets, inputs.extra.soft_targets.shape, "hand_over")
    return given


def made_rows(method: Method, table: Any, n: int, rng: np.random.Generator) -> Any:
    """Make rows: like those given in type, shape, columns and dtypes, all cells finite."""
    # A frame cannot be made read-only, and what is written into these rows would be what
    # teachers and students are fitted to.
    made = method(table.copy() if hasattr(table, "iloc") else table, n, rng)
    if type(made) is not type(table):
        raise TypeError(f"returned a {type(made).__name__}; expected a {type(table).__name__}")
    if made.ndim != 2 or made.shape[0] > n or made.shape[1] != table.shape[1]:
        raise ValueError(
            f"returned shape {made.shape}; expected at most {n} rows and {table.shape[1]} columns"
        )
    if hasattr(table, "columns") and list(made.columns) != list(table.columns):
        raise ValueError("returned other columns, or in another order, than it was given")
    for name, given, found in _dtypes(table, made):
        if found != given:
            raise TypeError(f"returned {name} as {found}; expected {given}, as it was given")
    if infinite := infinite_cells(made):
        raise ValueError(f"returned rows where {infinite}; expected finite ones, or NaN")
    return made


def _dtypes(table: Any, made: Any) -> list[tuple[str, Any, Any]]:
    if hasattr(table, "columns"):
        return list(zip(table.columns, table.dtypes, made.dtypes, strict=True))
    return [("an array", table.dtype, made.dtype)]


def entry(method: Method, region: str, key: str, compute: Callable[[], Any]) -> Any:
    """Return an entry of a cache: an array."""
    found = method(region, key, compute)
    expect("what get_or_compute returned", found, np.ndarray, "an array")
    return found


def entries(method: Method, region: str, keys: Sequence[str]) -> Sequence[Any]:
    """Return entries of a cache: for each key an array, or None."""
    found = list(method(region, keys))
    if len(found) != len(keys):
        raise ValueError(f"get_many returned {len(found)} entries for {len(keys)} keys")
    for each in found:
        expect("what get_many returned", each, (np.ndarray, type(None)), "an array or None")
    return found


def stored(method: Method, region: str, key: str, array: Any) -> Any:
    """Store an entry of a cache, and return it: an array."""
    found = method(region, key, array)
    expect("what put returned", found, np.ndarray, "an array")
    return found


def suggestions(method: Method, *arguments: Any) -> Sequence[Any]:
    """Return what a memory suggests: mappings."""
    found = list(method(*arguments))
    for each in found:
        expect("a suggestion", each, Mapping, "a mapping of hyperparameters")
    return found


def outcomes(method: Method, *arguments: Any) -> Sequence[Any]:
    """Return the outcomes of other data in a memory."""
    found = list(method(*arguments))
    for each in found:
        expect("an outcome", each, Outcome, "a hpmkd Outcome")
    return found


def results(
    method: Method, function: Any, shared: Any, tasks: Any, *, timeout: float | None = None
) -> Iterator[Any]:
    """Run tasks; an executor that does not give up need not know of timeouts."""
    bound = {} if timeout is None else {"timeout": timeout}
    return iter(method(function, shared, tasks, **bound))


def written(method: Method, student: Any, path: Path) -> Path:
    """Write a student: there is a file where one was wanted."""
    found = method(student, path)
    if found != path or not path.is_file():
        raise ValueError(f"export returned {found!r:.120}; expected a file at {path}")
    return path


#: By kind and method.
CHECKS: Mapping[str, Mapping[str, Method]] = {
    "stage": {"space": space},
    "scheduler": {"softening": softening},
    "transfer": {"hand_over": hand_over},
    "augmenter": {"rows": made_rows},
    "cache": {"get_or_compute": entry, "get_many": entries, "put": stored},
    "memory": {"suggest": suggestions, "outcomes": outcomes},
    "executor": {"run": results},
    "exporter": {"export": written},
}
