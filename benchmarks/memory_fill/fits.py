"""The fits of the shipped memory: made once, a line of JSON each, in the benchmarks' cache."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.results import add_line, done, read_lines
from benchmarks.memory_fill.problem import HARD, OpenSet
from hpmkd.values import Configuration, DataFacts, Hyperparameter

#: The key of a fit.
KEY = ("set", "draw", "search", "stage", "temperature", "alpha", "point")
FACTS = "facts"


def fill(name: str, draw: int, path: Path) -> int:
    """Fit what is missing of one draw of rows from a set; return how many fits that were."""
    rows, there, n = OpenSet(name, draw), done(path, KEY), 0
    for search, configuration in rows.searches():
        line = _key(name, draw, search, configuration)
        if tuple(line.values()) in there:
            continue
        found = rows.fitted(search, configuration)
        trial, n = found.trial, n + 1
        state = None if trial.state is None else asdict(trial.state)
        heard = None if trial.softening is None else asdict(trial.softening)
        losses = {"log_loss": trial.log_loss, "test_log_loss": found.test_log_loss}
        add_line(path, {**line, **losses, "heard": heard, "state": state})
    facts = dict(zip(KEY, (name, draw, FACTS, "", 0.0, 0.0, ""), strict=True))
    if tuple(facts.values()) not in there:
        defaults = {stage: rows.points(stage)[0] for stage in rows.stages}
        n_known = {stage: rows.n_known(stage) for stage in rows.stages}
        add_line(path, {**facts, **asdict(rows.facts()), "defaults": defaults, "known": n_known})
    return n


def _key(name: str, draw: int, search: str, configuration: Configuration) -> dict:
    point = json.dumps(dict(configuration.hyperparameters), sort_keys=True)
    softening = (configuration.temperature, configuration.alpha)
    values = (name, draw, search, configuration.stage, *softening, point)
    return dict(zip(KEY, values, strict=True))


class Losses(NamedTuple):
    """Mean log losses of a configuration: of the rows that choose, and of those that measure."""

    selection: float
    test: float

    @property
    def mean(self) -> float:
        """Of all these rows."""
        return (self.selection + self.test) / 2


@dataclass(frozen=True)
class OpenSetFits:
    """All fits of a data set; losses are means over its draws.

    Parameters
    ----------
    name : str
        The data set.
    lines : list of dict
        Of the file.
    """

    name: str
    lines: list[dict]

    @property
    def n_draws(self) -> int:
        """How many draws of rows are finished."""
        return sum(line["search"] == FACTS for line in self.lines)

    @cached_property
    def first_facts(self) -> dict:
        """The line of the first draw's facts, defaults and number of known points."""
        return min(
            (line for line in self.lines if line["search"] == FACTS), key=lambda each: each["draw"]
        )

    @property
    def facts(self) -> DataFacts:
        """Of the first draw."""
        names = DataFacts.__dataclass_fields__
        return DataFacts(**{name: self.first_facts[name] for name in names})

    @property
    def defaults(self) -> dict[str, str]:
        """The defaults of every stage, as a key."""
        return {stage: self.key(point) for stage, point in self.first_facts["defaults"].items()}

    @staticmethod
    def key(point: Mapping[str, Hyperparameter]) -> str:
        """Return hyperparameters as the lines have them."""
        return json.dumps(dict(point), sort_keys=True)

    def losses(self, stage: str) -> dict[str, Losses]:
        """Return by point the losses on hard labels."""
        tried = {at: each for at, each in self.means(HARD).items() if at[0] == stage}
        return {point: each for (_, _, _, point), each in tried.items()}

    def random_losses(self, stage: str) -> list[Losses]:
        """Return those of the random draws alone."""
        return list(self.losses(stage).values())[self.first_facts["known"][stage] :]

    def means(self, search: str) -> dict[tuple[str, float, float, str], Losses]:
        """Return by stage, temperature, alpha and point the losses of a search."""
        found: defaultdict[tuple, list[Losses]] = defaultdict(list)
        for line in self.lines:
            if line["search"] == search:
                at = line["stage"], line["temperature"], line["alpha"], line["point"]
                found[at].append(Losses(line["log_loss"], line["test_log_loss"]))
        # Of what is not fitted in every draw yet, the mean would be over other rows.
        whole = {at: each for at, each in found.items() if len(each) == self.n_draws}
        return {at: Losses(*np.mean(each, axis=0).tolist()) for at, each in whole.items()}


def read(path: Path, names: Sequence[str]) -> list[OpenSetFits]:
    """Return the fits of the sets of which a draw at least is finished."""
    lines: defaultdict[str, list[dict]] = defaultdict(list)
    for line in read_lines(path, KEY):
        lines[line["set"]].append(line)
    # Of draws that are not finished nothing counts: means are over the same rows.
    sets = []
    for name in names:
        own = lines[name]
        finished = {line["draw"] for line in own if line["search"] == FACTS}
        sets.append(OpenSetFits(name, [line for line in own if line["draw"] in finished]))
    return [each for each in sets if each.lines]
