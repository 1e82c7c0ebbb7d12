"""Trees as Python functions: a condition is an ``if``, a leaf a ``return``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpmkd_defaults.exporters.python.thresholds import short_threshold
from hpmkd_defaults.exporters.python.variables import Variable, part_of
from hpmkd_defaults.exporters.thresholds import exact_bounds

#: Deeper conditions are turned round where that saves indenting; Python reads at most 99 levels.
DEEPEST = 20
#: Longer lists of categories beside a condition are cut.
LONGEST_COMMENT = 50

Variables = Mapping[tuple[str, str], Variable]


@dataclass
class TreeSource:
    """A tree as source.

    Attributes
    ----------
    lines : list of str
        Of the body of the function.
    variables : dict of str to Variable
        What it reads, by the name of the variable.
    """

    lines: list[str] = field(default_factory=list)
    variables: dict[str, Variable] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The variables that it reads, in the order of the columns."""
        return sorted(self.variables, key=lambda name: self.variables[name].place)


def tree_source(root: Mapping[str, Any], variables: Variables) -> TreeSource:
    """Write a tree, as :func:`hpmkd_defaults.exporters.json.model.trees_of` describes it."""
    found = TreeSource()
    found.lines, _ = _lines(root, variables, found.variables)
    return found


def _lines(
    node: Mapping[str, Any], variables: Variables, used: dict[str, Variable]
) -> tuple[list[str], int]:
    """Return the lines of a node, and how deep they are indented; note the variables in `used`."""
    if "add" in node:
        return [f"return {leaf_text(node['add'])}"], 0
    variable = variables[node["column"], part_of(node.get("part", ""), node.get("form", ""))]
    used[variable.name] = variable
    inner, after = (_lines(node[side], variables, used) for side in ("yes", "no"))
    turned = inner[1] >= DEEPEST and after[1] < inner[1]
    if turned:
        inner, after = after, inner
    lines = [_condition(node, variable, turned), *("    " + line for line in inner[0]), *after[0]]
    return lines, max(1 + inner[1], after[1])


def leaf_text(value: float | Sequence[float]) -> str:
    """Write a value of float32 with all digits that tell it from other doubles."""
    if isinstance(value, Sequence):
        return f"({', '.join(map(leaf_text, value))})"
    return repr(float(np.float32(value)))


def _condition(node: Mapping[str, Any], variable: Variable, turned: bool) -> str:
    """Return the line that leads to the branch *yes*, or, turned round, to *no*."""
    name, threshold = variable.name, _threshold(node, variable)
    missing = (node["missing"] == "yes") != turned  # go where the line leads to
    # Comparisons with NaN, which stands for missing, are false, and true behind "not".
    if missing:
        test = f"not {name} < {threshold}" if turned else f"not {name} >= {threshold}"
    else:
        test = f"{name} >= {threshold}" if turned else f"{name} < {threshold}"
    about = [_in_words(node, variable, turned), "or missing" if missing else ""]
    comment = ", ".join(filter(None, about))
    return f"if {test}:" + (f"  # {comment}" if comment else "")


def _threshold(node: Mapping[str, Any], variable: Variable) -> str:
    """Return what a variable is compared with: a number, or how many levels lie below."""
    if "in" in node:
        return str(len(node["in"]))
    if "not_in" in node:
        return str(len(variable.feature.categories) - len(node["not_in"]))
    threshold = np.float32(float(node["below"]))
    if variable.offset:
        return _number(float(exact_bounds([threshold], [variable.offset])[0]))
    return _number(short_threshold(threshold))


def _in_words(node: Mapping[str, Any], variable: Variable, turned: bool) -> str:
    """Return a comment on a condition on categories or moments; on numbers it needs none."""
    if "below" in node:
        if variable.feature.part != "moment":
            return ""
        moment = variable.feature.text(float(node["below"]))
        return f"from {moment} on" if turned else f"before {moment}"
    levels = node["in"] if "in" in node else node["not_in"]
    all_but = "all but " if ("not_in" in node) != turned else ""
    return all_but + _listed(levels)


def _number(number: float) -> str:
    """Write a double; infinity as one that Python reads as such."""
    return repr(number).replace("inf", "1e999")


def _listed(levels: Sequence[str]) -> str:
    """Write categories, the first few."""
    text, rest = "", len(levels)
    for level in levels:
        longer = f"{text}, {level!r}" if text else repr(level)
        if len(longer) > LONGEST_COMMENT:
            break
        text, rest = longer, rest - 1
    if rest:
        return f"{text}, … {rest} more" if text else f"{rest} categories"
    return text or "no category"
