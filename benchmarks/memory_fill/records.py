"""From fits to the records that ship: numbers alone, short ones."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.memory_fill.fits import OpenSetFits
from benchmarks.memory_fill.problem import HARD, SOFT, short
from hpmkd.values import Configuration, Outcome, TrainingState
from hpmkd_defaults.memories.import_export import Exported
from hpmkd_defaults.memories.records import Learned, learned


def records(sets: Sequence[OpenSetFits]) -> list[Learned]:
    """Return two records of every set: of its hyperparameters, and of its softenings."""
    return [_record(own, search) for own in sets for search in (HARD, SOFT)]


def _record(own: OpenSetFits, search: str) -> Learned:
    facts = replace(own.facts, digest=f"{own.facts.digest[:16]} {search}")
    facts = replace(facts, balance=short(facts.balance), noise=short(facts.noise))
    made = learned(facts, _outcomes(own, search))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return msgspec.structs.replace(made, learned_at=today)


def _outcomes(own: OpenSetFits, search: str) -> Iterator[Outcome]:
    """Yield the outcomes of a search; softening and the state are those of the fits."""
    losses, softenings = own.means(search), _softenings(own, search)
    by_stage: defaultdict[str, list] = defaultdict(list)
    for at in losses:
        by_stage[at[0]].append(at)
    for stage, tried in by_stage.items():
        all_losses = np.array([losses[at].mean for at in tried])
        for at, loss in zip(tried, all_losses, strict=True):
            (temperature, alpha), state = softenings[at]
            point = json.loads(at[3])
            rank = float(np.sum(all_losses < loss)) / max(1, len(tried) - 1)
            yield Outcome(
                own.facts,
                Configuration(stage, short(temperature), short(alpha), point),
                short(float(loss - all_losses.min())),
                short(rank),
                state,
                at[3] == own.defaults[stage],
            )


def _softenings(own: OpenSetFits, search: str) -> dict:
    """Return by fit the softening used and the last state of the first draw that has it."""
    found: dict = {}
    for line in own.lines:
        if line["search"] == search:
            at = line["stage"], line["temperature"], line["alpha"], line["point"]
            found.setdefault(at, (tuple(line["heard"].values()), _state(line["state"])))
    return found


def _state(plain: dict) -> TrainingState | None:
    """Return a state with short numbers; None if it holds nothing but the progress of the fit."""
    state = {name: None if each is None else short(each) for name, each in plain.items()}
    return TrainingState(**state) if state["kl"] is not None else None


def write(path: Path, known: Sequence[Learned]) -> int:
    """Write the file that ships; return its bytes. The same records are the same bytes."""
    content = msgspec.json.encode(Exported("hpmkd memory", 1, [*known]))
    packed = gzip.compress(content, mtime=0)
    path.write_bytes(packed)
    return len(packed)
