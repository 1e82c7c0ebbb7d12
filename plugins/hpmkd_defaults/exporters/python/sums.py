"""Sums of trees as Python functions: of one row, and with NumPy of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hpmkd_defaults.exporters.python.literals import LONGEST_LINE, filled
from hpmkd_defaults.exporters.python.trees import TreeSource
from hpmkd_defaults.exporters.python.variables import Variable


def sum_source(
    trees: Sequence[TreeSource],
    outputs: Sequence[int | None],
    start: str,
    start_many: str,
    suffix: str,
) -> str:
    """Write trees, and the functions that add them to margins.

    Parameters
    ----------
    trees : sequence of TreeSource
        In the order in which they are added.
    outputs : sequence of int or None
        The margin that each adds to; None if to all.
    start, start_many : str
        Calls that give the margins to which they are added, of cells `x`.
    suffix : str
        Of all names.
    """
    names = [f"tree{suffix}_{at}" for at in range(1, len(trees) + 1)]
    read = {name: variable for tree in trees for name, variable in tree.variables.items()}
    variables = sorted(read.values(), key=lambda variable: variable.place)
    added = "".join(map(_addition, names, trees, outputs))
    if None in outputs:
        added = f"    return added(m, [\n{added}    ])\n"
    else:
        added += "    return m\n"
    pairs = [f"({name}, {output})" for name, output in zip(names, outputs, strict=True)]
    functions = [
        *map(_function, names, trees),
        f"def margins{suffix}(x):\n"
        '    """Add trees one by one; array("f") rounds to float32, as training did."""\n'
        f"{_unpacked(variables)}    m = {start}\n{added}",
        f"def margins_many{suffix}(x):\n"
        '    """Return the margins (C, n) of many rows."""\n'
        f"    cells = {{\n{_items(variables)}    }}\n"
        f"    return add_trees({start_many}, TREES{suffix}, cells)\n",
        "#: Each tree, and the margin that it adds to; None if to all.\n"
        f"TREES{suffix} = [\n{filled(pairs, 4)}]\n",
    ]
    return "\n\n".join(functions)


def singles(values: Iterable[float]) -> list[float]:
    """Return values of float32 as the doubles that they are."""
    return [float(np.float32(value)) for value in values]


def _function(name: str, tree: TreeSource) -> str:
    body = "".join(f"    {line}\n" for line in tree.lines)
    return f"{_called(f'def {name}', tree.arguments, ':')}{body}"


def _addition(name: str, tree: TreeSource, output: int | None) -> str:
    """Return the lines that add a tree to the margins `m`; of one that adds to all, a list item."""
    if output is None:
        return _called(f"        {name}", tree.arguments, ",")
    return _called(f"    m[{output}] += {name}", tree.arguments, "")


def _called(before: str, arguments: Sequence[str], behind: str) -> str:
    """Return a call or a signature, in several lines if it is long."""
    line = f"{before}({', '.join(arguments)}){behind}\n"
    if len(line) <= LONGEST_LINE:
        return line
    indent = before[: len(before) - len(before.lstrip())]
    inner = filled(arguments, len(indent) + 4)
    return f"{before}(\n{inner}{indent}){behind}\n"


def _unpacked(variables: Sequence[Variable]) -> str:
    """Return lines that make variables of the cells `x` of a row.

    All are rounded, but those with an offset: their thresholds are as exact as the cells.
    """
    exact = [each for each in variables if each.offset]
    rounded = [each for each in variables if not each.offset]
    lines = "".join(f"    {each.name} = x[{each.place}]\n" for each in exact)
    if rounded:
        names = filled([each.name for each in rounded], 8)
        places = filled([f"x[{each.place}]" for each in rounded], 8)
        lines += f'    (\n{names}    ) = array("f", [\n{places}    ])\n'
    return lines


def _items(variables: Sequence[Variable]) -> str:
    """Return the same for arrays, as items of a dict."""
    places = {each.name: f"x[{each.place}]" for each in variables}
    rounded = {each.name: f"rounded({places[each.name]})" for each in variables if not each.offset}
    return filled([f'"{name}": {value}' for name, value in (places | rounded).items()], 8)
