"""An ONNX graph while it is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

#: Domain of trees and of label encoders.
ML = "ai.onnx.ml"


class Graph:
    """Nodes and constants in the order in which they were added.

    Every value has a name such as ``encoder/numbers``. The slash keeps it apart from inputs
    and outputs, which are plain identifiers.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._names: set[str] = set()

    def add(
        self, operator: str, inputs: Sequence[str], name: str, domain: str = "", **attributes: Any
    ) -> str:
        """Add a node of one output, and return the name of that.

        Parameters
        ----------
        operator, domain : str
            Such as ``"Concat"``; ``""`` or :data:`ML`.
        inputs : sequence of str
            Names of what it reads.
        name : str
            Of its output; a number is added if the name is taken.
        **attributes
            Of the operator.
        """
        output = self._unused(name)
        made = helper.make_node(
            operator, list(inputs), [output], name=output, domain=domain, **attributes
        )
        self.nodes.append(made)
        return output

    def output(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> None:
        """Add a node whose output is one of the graph, of exactly this name."""
        made = helper.make_node(operator, list(inputs), [name], name=f"output/{name}", **attributes)
        self.nodes.append(made)

    def constant(self, array: NDArray[Any], name: str) -> str:
        """Add a constant and return its name."""
        unused = self._unused(name)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), unused))
        return unused

    def cast(self, value: str, to: int, name: str) -> str:
        """Add a change of type; `to` is one of :class:`onnx.TensorProto`'s."""
        return self.add("Cast", [value], name, to=to)

    def join(self, values: Sequence[str], name: str) -> str:
        """Put matrices of shapes (n, …) side by side."""
        return values[0] if len(values) == 1 else self.add("Concat", values, name, axis=1)

    def _unused(self, name: str) -> str:
        """Return a name that nothing has."""
        unused, count = name, 1
        while unused in self._names:
            count += 1
            unused = f"{name}_{count}"
        self._names.add(unused)
        return unused
