"""What the results of a run follow from, to be compared before a run is gone on with."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hpmkd.data import tables
from hpmkd.data.fingerprint import LIBRARIES, versions

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.registry.plugins import Plugin

#: Settings that change no result: where tasks run, what is kept, how long it may take.
FREE = ("executor", "cache", "parallel", "pipeline", "budget.seconds", "budget.trial_seconds")
#: Packages that are known by their versions.
VERSIONED = {"sklearn", *LIBRARIES} - {"hpmkd"}
#: Whoever changes one of these may change what a student or a sampler says, beside a teacher.
MORE = ("numba", "optuna")
UNSET = "not set"
#: Tables that a run may have divided itself, and the setting that says how, beside the seed.
DIVIDED, TEST_SIZE = ("training rows", "test rows"), "split.test_size"


def run_fingerprint(
    recipe: Recipe,
    seed: int,
    tables_given: Mapping[str, Any],
    teachers: Mapping[str, str | None],
    plugins: Iterable[Plugin],
) -> dict[str, Any]:
    """Return plain values that are equal where all results are.

    Parameters
    ----------
    recipe, seed
        Of the run.
    tables_given : mapping of str to Dataset, DataFrame or None
        Training rows, test rows, rows without labels.
    teachers : mapping of str to str or None
        By name, the digest of each; None where nobody can tell it from another.
    plugins : iterable of Plugin
        Those that are installed.
    """
    offering = [each for each in plugins if each.offers]
    return {
        "libraries": versions((*LIBRARIES, *MORE)),
        "code": {
            "hpmkd": ["", _code("hpmkd")],
            **{f"plugin {each.name}": [each.source, _code_of(each)] for each in offering},
        },
        "data": {name: _told(table) for name, table in tables_given.items()},
        "teachers": dict(teachers),
        "seed": seed,
        "recipe": settings_of(recipe),
    }


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe that decide results, by dotted key, as plain values."""
    return dict(_settings(json.loads(msgspec.json.encode(recipe.to_mapping()))))


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say in what two circumstances differ; nothing where results are equal."""
    seeds = (was["seed"], now["seed"])
    return [
        *([] if seeds[0] == seeds[1] else [f"seed: was {seeds[0]}, is {seeds[1]}"]),
        *_of_settings(was["recipe"], now["recipe"]),
        *_of_libraries(was["libraries"], now["libraries"]),
        *_of_code(was["code"], now["code"]),
        *_of_what_was_given(was, now),
    ]


def _of_libraries(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in _either(was, now):
        before, after = was.get(name, UNSET), now.get(name, UNSET)
        if before != after:
            yield f"version of {name}: was {before}, is {after}"


def _of_code(was: Mapping[str, Sequence[str]], now: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in _either(was, now):
        if name not in now:
            yield f"{name}: it was there, and is not"
        elif name not in was:
            yield f"{name}: it was not there, and is"
        elif was[name][0] != now[name][0]:
            yield f"{name}: was {was[name][0]}, is {now[name][0]}"
        elif was[name][1] != now[name][1]:
            yield f"{name}: its code was changed"


def _of_what_was_given(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Tell of rows and teachers; in one clause, at the end, of what may follow from the rest."""
    seeded = was["seed"] != now["seed"]
    divided = seeded or was["recipe"].get(TEST_SIZE) != now["recipe"].get(TEST_SIZE)
    follows = []
    if divided and _as_many_in_all(was["data"], now["data"]):
        follows = [name for name in DIVIDED if was["data"][name] != now["data"][name]]
    kept = {name: table for name, table in now["data"].items() if name not in follows}
    yield from _of_data(was["data"], kept)
    if divided and list(was["teachers"]) == list(now["teachers"]):
        told = {name: (was["teachers"][name], digest) for name, digest in now["teachers"].items()}
        follows += [
            f"teacher {name!r}"
            for name, both in told.items()
            if None not in both and both[0] != both[1]
        ]
        untold = [name for name, both in told.items() if None in both]
        yield from (f"teacher {name!r}: {UNTOLD}" for name in untold)
    else:
        yield from _of_teachers(was["teachers"], now["teachers"])
    if follows:
        cause = "the seed" if seeded else TEST_SIZE
        yield f"as may follow from {cause}, others are: {', '.join(follows)}"


def _as_many_in_all(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether as many rows of the same columns were divided into those to train and to test on."""

    def divided(data: Mapping[str, Any]) -> tuple[int, set[int]]:
        tables = [data[name] for name in DIVIDED if data[name] is not None]
        return sum(each["rows"] for each in tables), {each["columns"] for each in tables}

    return divided(was) == divided(now)


def _of_data(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in now:
        before, after = was[name], now[name]
        if before == after:
            continue
        shapes = [
            "none" if each is None else f"{each['rows']} rows of {each['columns']} columns"
            for each in (before, after)
        ]
        if shapes[0] != shapes[1]:
            yield f"{name}: were {shapes[0]}, are {shapes[1]}"
        else:
            digests = [each["digest"][:12] for each in (before, after)]
            yield f"{name}: {shapes[0]} of other content (digest {digests[0]}…, now {digests[1]}…)"


def _of_teachers(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if list(was) != list(now):
        yield f"teachers: were {', '.join(was) or 'none'}; are {', '.join(now) or 'none'}"
        return
    for name, digest in now.items():
        if digest is None or was[name] is None:
            yield f"teacher {name!r}: {UNTOLD}"
        elif digest != was[name]:
            yield f"teacher {name!r}: its parameters, its fitted state or its code are others"


#: Why nobody knows whether a teacher is the same.
UNTOLD = "nobody can tell it from another, for it holds what has no content, as a lock or a file"


def _of_settings(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in _either(was, now):
        before, after = was.get(key, UNSET), now.get(key, UNSET)
        if before != after:
            yield f"recipe, {key}: was {_short(before)}, is {_short(after)}"


def _short(value: Any) -> str:
    text = "none" if value in ([], {}) else value if value == UNSET else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _either(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*was, *now]))


def _told(table: Any) -> dict[str, Any] | None:
    if table is None:
        return None
    if hasattr(table, "facts"):
        dataset: Dataset = table
        rows, columns, digest = len(dataset), dataset.facts.n_columns, dataset.digest
    else:
        (rows, columns), digest = table.shape, tables.digest(table)
    return {"rows": int(rows), "columns": int(columns), "digest": digest}


def _settings(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what decides results, by dotted key; lists and empty tables as they are."""
    if before == "stages.":
        # Their order is that of their complexity.
        yield "stages", list(nested)
    for name, value in nested.items():
        key = f"{before}{name}"
        if key in FREE:
            continue
        if isinstance(value, Mapping) and (value or before == "stages."):
            yield from _settings(value, f"{key}.")
        else:
            yield key, value


def _code_of(plugin: Plugin) -> str:
    packages = sorted({each.module.partition(".")[0] for each in plugin.offers} - VERSIONED)
    return tables.digest(*map(_code, packages))


@functools.cache
def _code(package: str) -> str:
    """Return a digest of the sources of a package, or of a module; of what has none, nothing."""
    module, total = sys.modules.get(package), hashlib.sha256()
    file = getattr(module, "__file__", None)
    if file is None:
        return ""
    paths = [Path(file)]
    if hasattr(module, "__path__"):
        paths = sorted(Path(file).parent.rglob("*.py"))
    for path in paths:
        try:
            total.update(path.read_bytes())
        except OSError:
            continue  # in a zip: its version has to do
    return total.hexdigest()
