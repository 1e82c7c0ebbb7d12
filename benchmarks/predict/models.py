"""The students whose predictions are timed, and rival models of the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xgboost as xgb
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.common.datasets import load
from benchmarks.predict.compiled import Compiled
from hpmkd.student import Schema, Student, fit_encoder, pack_booster
from hpmkd_defaults.exporters.onnx.student import to_onnx

MISSING, MOST_COMPILED = 0.05, 10


@dataclass(frozen=True)
class Size:
    """The size of the models of a line, and the targets of ours."""

    data: str
    rounds: int
    depth: int
    vectors: bool = False  # one tree a round, with a value per class in its leaves
    row_us: float | None = None

    def __str__(self) -> str:
        return f"{self.data} {self.rounds}×{self.depth}{' vectors' if self.vectors else ''}"


SIZES = (
    Size("adult", 60, 3, row_us=0.6),
    Size("adult", 100, 4),
    Size("breast_cancer", 60, 3, row_us=0.6),
    Size("digits", 30, 3),
    Size("digits", 100, 3, vectors=True, row_us=2.5),
    Size("letter", 30, 3),
    Size("letter", 100, 4, vectors=True),
)


class Models:
    """Models of one size on rows of float32: categories as codes, a twentieth of cells missing."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.raw, self.labels = load(size.data)
        self.raw_encoder = fit_encoder("tree", Schema.fit(self.raw), self.raw)
        self.matrix = self.raw_encoder.transform(self.raw)
        self.matrix[np.random.default_rng(0).random(self.matrix.shape) < MISSING] = np.nan
        self.n_classes = int(self.labels.max()) + 1
        self.n_outputs = 1 if self.n_classes == 2 else self.n_classes
        self.n_trees = size.rounds * (1 if size.vectors else self.n_outputs)

    @cached_property
    def booster(self) -> xgb.Booster:
        """XGBoost."""
        multi = {"objective": "multi:softprob", "num_class": self.n_classes}
        objective = {"objective": "binary:logistic"} if self.n_outputs == 1 else multi
        parameters = {"nthread": 1, "max_depth": self.size.depth, "eta": 0.3, **objective}
        if self.size.vectors:
            parameters["multi_strategy"] = "multi_output_tree"
        data = xgb.DMatrix(self.matrix, self.labels, nthread=1)
        return xgb.train(parameters, data, self.size.rounds)

    def student(self, *, raw: bool = False) -> Student:
        """Ours: the same trees, for rows of numbers or for raw ones."""
        encoder = fit_encoder("tree", Schema.fit(self.matrix), self.matrix)
        model = pack_booster(self.booster, self.n_outputs)
        return Student(self.raw_encoder if raw else encoder, model, range(self.n_classes))

    @cached_property
    def scikit(self) -> HistGradientBoostingClassifier:
        """scikit-learn's boosting, of the same size."""
        settings = {"max_iter": self.size.rounds, "max_depth": self.size.depth}
        model = HistGradientBoostingClassifier(**settings, early_stopping=False, learning_rate=0.3)
        return model.fit(self.matrix, self.labels)

    def lightgbm(self) -> Callable[[Any], Any] | None:
        """LightGBM of the same size, as a function of rows; None where it is not installed."""
        try:
            import lightgbm
        except ImportError:
            return None
        multi = {"objective": "multiclass", "num_class": self.n_classes}
        objective = {"objective": "binary"} if self.n_outputs == 1 else multi
        shape = {"max_depth": self.size.depth, "num_leaves": 2**self.size.depth}
        parameters = {"num_threads": 1, "verbosity": -1, "learning_rate": 0.3, **shape, **objective}
        data = lightgbm.Dataset(self.matrix, self.labels)
        model = lightgbm.train(parameters, data, self.size.rounds)
        return lambda rows: model.predict(rows, num_threads=1)

    @cached_property
    def compiled(self) -> Compiled | None:
        """Treelite's C code of the booster, by tl2cgen and gcc; None where they are missing.

        Nor of more classes than ten: gcc takes many minutes.
        """
        if self.n_classes > MOST_COMPILED:
            return None
        try:
            return Compiled(self.booster, self.n_classes)
        except ImportError:
            return None

    def onnx(self) -> dict[str, Callable[[Any], Any]]:
        """Ours in onnxruntime: as exported, and its trees alone; nothing where it is missing.

        The exported graph takes float64 and answers label and probabilities; the other takes
        float32 and answers margins, the least that an ONNX file can do.
        """
        try:
            import onnx  # noqa: F401 - the exporter needs it
            import onnxruntime
        except ImportError:
            return {}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        whole = to_onnx(self.student(), "matrix")

        def predicting(content: bytes, name: str, dtype: Any) -> Callable[[Any], Any]:
            session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
            return lambda rows: session.run([name], {"X": rows.astype(dtype, copy=False)})[0]

        return {
            "onnxruntime": predicting(whole.SerializeToString(), "probabilities", np.float64),
            "its trees alone": predicting(only_trees(whole), "margins", np.float32),
        }


def only_trees(whole: Any) -> bytes:
    """Return the trees of an exported student as a graph of their own."""
    from onnx import TensorProto, helper

    trees = next(node for node in whole.graph.node if node.op_type == "TreeEnsembleRegressor")
    trees.input[:], trees.output[:] = ["X"], ["margins"]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (None, None))
        for name in ("X", "margins")
    ]
    graph = helper.make_graph([trees], "trees", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=whole.opset_import, ir_version=whole.ir_version)
    return model.SerializeToString()
