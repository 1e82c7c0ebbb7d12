"""The arms of the ablation, as data: whole runs that differ from the default in one part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "hpm"
#: What an arm is: a recipe as it is shipped; the default without a part of it, or with another in
#: its place; the default and a part that is not in it.
RECIPE, WITHOUT, WITH = "recipe", "without", "with"
#: Fitted forests that are handed in: by the rows that they are fitted on.
OWN_ROWS, OTHER_ROWS = "the training rows", "other rows"
#: What a run's memory holds before it: nothing, and it is kept; or what runs on other sets left.
KEPT, OTHERS = "kept", "others"


@dataclass(frozen=True)
class Arm:
    """A way to run.

    Parameters
    ----------
    name : str
        In tables, and of its lines.
    kind : str
        ``recipe``, ``without`` or ``with``.
    part : str
        Of the method: what is left out, or what is added.
    sentence : str
        What runs instead.
    settings : mapping
        Dotted, on top of the recipe.
    recipe : str
        Its name.
    against : str
        The arm that it is compared with.
    guards : str
        What a part guards against, where that is no matter of the mean.
    forest : str
        Which rows a fitted forest has seen that is the teacher; empty: the recipe's panel.
    real : bool
        Whether real rows without labels are handed in.
    memory : str
        ``kept``, ``others``, or empty: as the recipe has it in a user's first run.
    """

    name: str
    kind: str
    part: str
    sentence: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = DEFAULT
    against: str = DEFAULT
    guards: str = ""
    forest: str = ""
    real: bool = False
    memory: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The arms without which this one says nothing."""
        return (self.against, *([EMPTY] if self.memory == OTHERS else []))

    def definition(self) -> dict[str, Any]:
        """Return all that a run of it depends on: lines of another arm of this name are old."""
        given = {"forest": self.forest, "real": self.real, "memory": self.memory}
        return {"recipe": self.recipe, "settings": dict(self.settings), **given}


def without(name: str, part: str, sentence: str, settings: Any = None, **more: Any) -> Arm:
    """Return the default without a part, or with another in its place."""
    return Arm(name, WITHOUT, part, sentence, settings or {}, **more)


def added(name: str, part: str, sentence: str, settings: Any = None, **more: Any) -> Arm:
    """Return the default and a part that is not in it."""
    return Arm(name, WITH, part, sentence, settings or {}, **more)


PANEL = {"teacher": "panel"}
SHIPS = {"memory.shipped": True}
EMPTY = "empty memory"
ONE_TRIAL = {"sampler.trials": 1}
SOFT = {"search.alphas.self": [0.0, 0.5, 1.0]}
RESIDUAL = [{"stage": "logistic"}, {"stage": "gbm", "transfer": "residual"}]
MIX = [
    {"stage": "logistic"},
    {"stage": "tree", "transfer": "mix"},
    {"stage": "gbm", "transfer": "mix"},
]
SPECIALISTS = "given teachers that know different rows (fusion.md)"
LEAKS = "a given teacher that has seen the labels"
BROKEN = "a broken teacher in the panel (fusion.md)"

_ALL = (
    Arm(DEFAULT, RECIPE, "", "the default, as it is shipped"),
    Arm("proposal", RECIPE, "", "the HPM-KD proposal, as it is shipped", recipe="proposal"),
    Arm("grid", RECIPE, "", "DeepBridge's 640 models, fitted on soft targets", recipe="grid"),
    # Layer 1: search and memory.
    without("random search", "search in stages", "random draws of everything, same budget",
            {"sampler": "random"}),
    without("TPE", "search in stages", "Optuna's TPE over everything, same budget",
            {"sampler": "tpe"}),
    without("grid search", "search in stages", "a grid over shared draws, same budget",
            {"sampler": "grid"}),
    without("no racing", "race over the folds", "every candidate is fitted in every fold",
            {"search.racing": False}),
    without("no early stop", "early stop", "the search goes on to its end",
            {"search.stop.window": 0}, guards="a search that no longer moves"),
    without(EMPTY, "", "the default; what it remembers is kept", memory=KEPT),
    added("shipped memory", "memory that ships filled", "outcomes of open data sets", SHIPS),
    added("one trial", "short search", "one draw of each stage, not two", ONE_TRIAL),
    added("one trial: shipped memory", "memory that ships filled, in a short search",
          "outcomes of open data sets", {**ONE_TRIAL, **SHIPS}, against="one trial"),
    added("memory of other sets", "memory of a user's own runs",
          "it holds the runs `empty memory` of the other sets", memory=OTHERS),
    # Layer 2: the chain.
    added("chain: residual", "chain", "gbm boosts from the margins of logistic",
          {"chain": RESIDUAL}),
    added("chain: mix", "chain", "logistic → tree → gbm, each mixed into the next: the proposal's",
          {"chain": MIX}),
    # Layer 3: teachers, their fusion, and the rows that they label.
    added("panel", "panel of teachers", "six or seven classifiers teach, fused", PANEL),
    without("panel: pool", "attention over teachers", "the two pools alone",
            {**PANEL, "fuser": "pool"}, against="panel", guards=SPECIALISTS),
    without("panel: mean", "calibrated pool of teachers", "the uniform mean",
            {**PANEL, "fuser": "mean"}, against="panel", guards=BROKEN),
    added("attention sees the student", "learned attention with `student_state`",
          "weights per row look at what the student gets wrong",
          {**PANEL, "fuser.student_state": True}, against="panel"),
    added("attention sees the student: again", "a second round of teaching",
          "teachers are fused, and used, again beside the best student that learned from them",
          {**PANEL, "fuser.student_state": True, "search.rounds": 2}, against="panel"),
    without("panel + munge", "one boosted model, and mixup", "the default as it was before it",
            {**PANEL, "augmenter": "munge"}),
    without("no made rows", "made rows", "no rows without labels: nothing is left to teach",
            {"augmenter": "none"}),
    without("munge", "mixup", "cells of rows move towards their nearest neighbour instead",
            {"augmenter": "munge"}),
    added("real rows", "real rows without labels", "rows of the set beside training and test",
          real=True),
    added("real rows: panel", "panel of teachers, where there are real rows without labels",
          "six or seven classifiers label them", PANEL, against="real rows", real=True),
    added("soft targets", "soft targets on rows with labels", "alpha 0, .5 and 1 are tried", SOFT),
    added("soft targets: meta", "learned temperature", "alpha and T move with what was learned",
          {**SOFT, "scheduler": "meta"}, against="soft targets"),
    added("soft targets: anneal", "annealed alpha", "alpha falls to 0 over the rounds",
          {**SOFT, "scheduler": "anneal"}, against="soft targets"),
    # Teachers that are given, and the panel that they are compared with.
    added("leaking forest", "", "a forest that was fitted on the training rows is given",
          forest=OWN_ROWS),
    without("leaking forest: quick", "reference panel", "one boosted model tells the regime",
            {"reference": "quick"}, against="leaking forest", forest=OWN_ROWS, guards=LEAKS),
    added("honest forest", "", "a forest that was fitted on other rows is given",
          forest=OTHER_ROWS),
    without("honest forest: quick", "reference panel", "one boosted model tells the regime",
            {"reference": "quick"}, against="honest forest", forest=OTHER_ROWS, guards=LEAKS),
    without("honest forest: TPE", "search in stages", "Optuna's TPE, where the teacher knows more",
            {"sampler": "tpe"}, against="honest forest", forest=OTHER_ROWS),
    without("honest forest: no made rows", "made rows",
            "no rows without labels, where the teacher knows more",
            {"augmenter": "none"}, against="honest forest", forest=OTHER_ROWS),
    without("honest forest: munge", "mixup",
            "cells move towards a neighbour's, where the teacher knows more",
            {"augmenter": "munge"}, against="honest forest", forest=OTHER_ROWS),
    # What ships, and what it costs.
    without("no ensemble", "pool of students", "one student ships", {"ensemble.top": 0}),
    added("attention over students", "attention over students", "weights per row of the best three",
          {"ensemble.fuser": "row-attention"}),
    added("distilled ensemble", "collapse of the pool", "the pool is distilled into one student",
          {"ensemble.collapse": True}),
    without("no cache", "cache", "every prediction of a teacher is computed anew",
            {"cache.max_bytes": 0, "cache.disk": False},
            guards="asking the teachers again in a second run (cache.md)"),
    without("no front", "front of sizes", "no students are fitted for `hpmkd pick`",
            {"front.size": 0}, guards="no choice of sizes without training (budget.md)"),
)  # fmt: skip
ARMS: Mapping[str, Arm] = {arm.name: arm for arm in _ALL}


def of_kind(kind: str) -> Iterator[Arm]:
    """Yield the arms of a kind that are compared with another."""
    return (arm for arm in _ALL if arm.kind == kind and arm.name != arm.against and arm.part)


def with_needed(names: Iterable[str]) -> list[str]:
    """Return arms, and those without which they say nothing, in their order."""
    wanted, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += ARMS[name].needs
    return [name for name in ARMS if name in wanted]
