"""The inputs that determine a run's results, compared before it is resumed."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
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
#: These decide what a student or a sampler predicts, beside those that decide it for a teacher.
MORE = ("numba", "optuna")
UNSET = "not set"
#: Tables that a run may have divided itself, by its seed and split.test_size.
DIVIDED = ("training rows", "test rows")
#: Why it is unknown whether a teacher is the same.
UNIDENTIFIABLE = "its state cannot be hashed, so changes would go unnoticed"


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
        By name, the digest of each; None where its state cannot be hashed.
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
        "data": {name: describe_table(table) for name, table in tables_given.items()},
        "teachers": dict(teachers),
        "seed": seed,
        "recipe": settings_of(recipe),
    }


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return the settings of a recipe that decide results, by dotted key, as plain values."""
    return dict(_settings(json.loads(msgspec.json.encode(recipe.to_mapping()))))


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in what two fingerprints differ; nothing where results are equal."""
    found: list[str] = []
    cause = None
    for name, before, after in changed(was["recipe"], now["recipe"]):
        cause = name if name == "split.test_size" else cause
        found.append(f"recipe, {name}: was {shown(before)}, is {shown(after)}")
    if was["seed"] != now["seed"]:
        cause = "the seed"
        found.insert(0, f"seed: was {was['seed']}, is {now['seed']}")
    for name, before, after in changed(was["libraries"], now["libraries"]):
        found.append(f"version of {name}: was {before}, is {after}")
    found += [f"{name}: {_of_code(*both)}" for name, *both in changed(was["code"], now["code"])]
    consequences = []
    for name, before, after in changed(was["data"], now["data"]):
        shapes = [_shape(each) for each in (before, after)]
        if shapes[0] != shapes[1]:
            found.append(f"{name}: were {shapes[0]}, are {shapes[1]}")
        elif cause and name in DIVIDED:
            consequences.append(name)
        else:
            digests = f"digest {before['digest'][:12]}…, now {after['digest'][:12]}…"
            found.append(f"{name}: {shapes[0]} of other content ({digests})")
    if list(was["teachers"]) != list(now["teachers"]):
        names = [", ".join(each["teachers"]) or "none" for each in (was, now)]
        found.append(f"teachers: were {names[0]}; are {names[1]}")
    else:
        for name, before in was["teachers"].items():
            after = now["teachers"][name]
            if None in (before, after):
                found.append(f"teacher {name!r}: {UNIDENTIFIABLE}")
            elif before != after and cause:
                consequences.append(f"teacher {name!r}")
            elif before != after:
                found.append(
                    f"teacher {name!r}: its parameters, its fitted state or its code differ"
                )
    if consequences:
        found.append(f"also different, probably because of {cause}: {', '.join(consequences)}")
    return found


def changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the entries in which two mappings differ, with both values; one may be not set."""
    for name in dict.fromkeys([*was, *now]):
        if (both := (was.get(name, UNSET), now.get(name, UNSET)))[0] != both[1]:
            yield name, *both


def _of_code(before: Sequence[str], after: Sequence[str]) -> str:
    if UNSET in (before, after):
        return "it is missing now" if after == UNSET else "it is new"
    if before[0] != after[0]:
        return f"was {before[0]}, is {after[0]}"
    return "its code was changed"


def _shape(table: Mapping[str, Any] | None) -> str:
    return "none" if table is None else f"{table['rows']} rows of {table['columns']} columns"


def shown(value: Any) -> str:
    """Return a setting for people; a long one is cut."""
    text = "none" if value in ([], {}) else value if value == UNSET else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def describe_table(table: Any) -> dict[str, Any] | None:
    """Return size and digest of a table, as plain values."""
    if table is None:
        return None
    if hasattr(table, "facts"):
        dataset: Dataset = table
        rows, columns, digest = len(dataset), dataset.facts.n_columns, dataset.digest
    else:
        (rows, columns), digest = table.shape, tables.digest(table)
    return {"rows": int(rows), "columns": int(columns), "digest": digest}


def _settings(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings that decide results, by dotted key; lists and empty tables unchanged."""
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
    """Return a digest of the sources of a package, or of a module; nothing without sources."""
    module, total = sys.modules.get(package), hashlib.sha256()
    file = getattr(module, "__file__", None)
    # What is offered by its place need not have been imported.
    if module is None and package and (spec := importlib.util.find_spec(package)) is not None:
        file = spec.origin
    if file is None:
        return ""
    paths = [Path(file)]
    if paths[0].name == "__init__.py":
        paths = sorted(Path(file).parent.rglob("*.py"))
    for path in paths:
        try:
            total.update(path.read_bytes())
        except OSError:
            continue  # in a zip: its version has to do
    return total.hexdigest()
