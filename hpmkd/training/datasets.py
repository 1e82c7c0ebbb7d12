"""Rows to fit students on, encoded once for all fits, and the rows that judge them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.data.encoding import EXACT, Encoding, EncodingOptions
from hpmkd.student.drift.sketch import Sketch
from hpmkd.values import ExtraRows, HeldOutRows, Previous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.student.encoders import FittedEncoder
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Rows to fit students on, with soft targets, encoded once for all fits."""

    labels: IntArray
    soft_targets: FloatArray
    classes: NDArray[Any]
    encoded: Mapping[str, tuple[FittedEncoder, FloatArray]]  # fitted encoder and matrix by encoding
    #: Rows without labels by encoding, not yet weighed; empty if there are none.
    encoded_extra: Mapping[str, ExtraRows] = field(default_factory=dict)
    #: Students of earlier stages on these rows, by the key of `Configuration.after`; a string is
    #: the reason why there is none.
    previous: Mapping[tuple[Any, ...], Previous | str] = field(default_factory=dict)
    #: The same rows, raw. They stay in the process of the run: workers need the encoded ones.
    rows: Dataset | None = None
    extra: PseudoLabelledRows | None = None  # the rows without labels, raw; likewise
    weights: FloatArray | None = None  # (n,): of the rows with labels; None if all are 1

    def __post_init__(self) -> None:
        # Every stage receives these very arrays: one that wrote into them would change what
        # all others are fitted to.
        for name in ("labels", "soft_targets", "classes"):
            object.__setattr__(self, name, tables.frozen(getattr(self, name)))
        if self.weights is not None:
            object.__setattr__(self, "weights", tables.frozen(self.weights))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def raw(self) -> Dataset:
        """The rows, raw; an error in a worker, which has none."""
        if self.rows is None:
            raise ValueError("the raw rows stayed in the process of the run")
        return self.rows

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "rows": None, "extra": None}

    @classmethod
    def encode(
        cls,
        rows: Dataset,
        soft_targets: FloatArray | None,
        encodings: Iterable[str],
        extra: PseudoLabelledRows | None = None,
        region: CacheRegion = NO_CACHE,
        options: EncodingOptions = EXACT,
    ) -> TrainingSet:
        """Fit an encoder per encoding on the rows with labels alone, and encode all rows.

        So the encoders, and with them the controls, are the same with and without extra rows.
        What the cache has is not encoded again. Without soft targets, the labels stand for them.
        """
        encoding = Encoding(rows, region, options)
        encoders = {kind: encoding.encoder(kind) for kind in sorted(encodings)}
        encoded = {kind: (each, encoding.matrix(each)) for kind, each in encoders.items()}
        if soft_targets is None:
            soft_targets = np.eye(len(rows.classes))[rows.labels]
        weights = rows.weights
        hard = cls(rows.labels, soft_targets, rows.classes, encoded, rows=rows, weights=weights)
        return hard.beside(extra, region, options)

    def beside(
        self,
        extra: PseudoLabelledRows | None,
        region: CacheRegion = NO_CACHE,
        options: EncodingOptions = EXACT,
    ) -> TrainingSet:
        """Return the same rows beside others without labels, encoded by the same encoders."""
        if extra is None:
            return replace(self, extra=None, encoded_extra={})
        encoding = Encoding(self.raw, region, options)
        encoded = {
            kind: ExtraRows(encoding.matrix(encoder, extra.table), extra.soft_targets)
            for kind, (encoder, _) in self.encoded.items()
        }
        return replace(self, extra=extra, encoded_extra=encoded)

    @cached_property
    def digest(self) -> str:
        """Digest of the content, but for students of earlier stages."""
        parts: list[Any] = [self.labels, self.soft_targets, self.classes]
        parts += [] if self.weights is None else [self.weights]
        for kind, (_, matrix) in sorted(self.encoded.items()):
            parts += [kind, matrix]
        for kind, rows in sorted(self.encoded_extra.items()):
            parts += [kind, rows.matrix, rows.soft_targets]
        return tables.digest(*parts)

    def sketch(self, options: EncodingOptions = EXACT) -> Sketch | None:
        """Return the shares of the raw rows by column; None if no stage reads encoded rows."""
        if not self.encoded:
            return None
        encoder, _ = next(iter(self.encoded.values()))
        return Sketch.fit(encoder.schema, options.few(self.raw).table)

    def with_soft_targets(
        self, soft_targets: FloatArray, of_extra: FloatArray | None = None
    ) -> TrainingSet:
        """Return the same rows with other soft targets, also of the extra ones if given."""
        other = replace(self, soft_targets=soft_targets)
        if self.extra is None or of_extra is None:
            return other
        encoded_extra = {
            kind: replace(rows, soft_targets=of_extra) for kind, rows in self.encoded_extra.items()
        }
        extra = replace(self.extra, soft_targets=of_extra)
        return replace(other, extra=extra, encoded_extra=encoded_extra)

    def without_extra(self) -> TrainingSet:
        """Return the rows with labels alone: students are cross-fitted on these.

        The teachers that labelled extra rows saw the labels of all n rows, and so let the label
        of a held-out row through. Where labels are noise (600 rows, entropy 0.693 nats), the
        predictions of held-out rows have a log loss of 0.64 as they are, for the soft targets
        leak in the same way; of 0.61 beside 1500 real extra rows, and of 0.57 beside made ones,
        which are near copies of the rows.
        """
        return replace(self, extra=None, encoded_extra={})

    def take(self, at: IntArray) -> TrainingSet:
        """Return some of the rows, by position, beside the same encoders and extra rows.

        Students of earlier stages are left behind: they have seen the other rows.
        """
        encoded = {kind: (encoder, matrix[at]) for kind, (encoder, matrix) in self.encoded.items()}
        for _, matrix in encoded.values():
            matrix.flags.writeable = False
        return replace(
            self,
            labels=self.labels[at],
            soft_targets=self.soft_targets[at],
            encoded=encoded,
            previous={},
            rows=None if self.rows is None else self.rows.rows(at),
            weights=None if self.weights is None else self.weights[at],
        )

    def sample(self, share: float, seed: int) -> TrainingSet:
        """Return a share of the rows, class by class, beside as large a share of the extra ones."""
        if share >= 1:
            return self
        at, _ = splits.holdout(self.labels, 1.0 - share, seed)
        encoded_extra = {}
        for kind, rows in self.encoded_extra.items():
            m = round(share * len(rows.matrix))
            chosen = np.sort(np.random.default_rng(seed).permutation(len(rows.matrix))[:m])
            encoded_extra[kind] = replace(
                rows, matrix=rows.matrix[chosen], soft_targets=rows.soft_targets[chosen]
            )
            encoded_extra[kind].matrix.flags.writeable = False
        return replace(self.take(at), encoded_extra=encoded_extra)


@dataclass(frozen=True, eq=False)
class SelectionSet:
    """Rows to fit on, and the selection rows that judge what was fitted."""

    training: TrainingSet
    #: (h,): numbers of the selection rows; no teacher of `training` has seen them.
    held_rows: IntArray
    held: Dataset
    #: Rows that `training` is drawn from: more than it has, where trials see a part of them.
    available: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "held_rows", tables.frozen(self.held_rows))

    def held_out(self, encoding: str) -> HeldOutRows:
        """Return the selection rows, encoded as the others are; each encoding once."""
        if encoding not in self._encoded_held:
            matrix = self.training.encoded[encoding][0].transform(self.held.table)
            rows = HeldOutRows(tables.frozen(matrix), self.held.labels, self.held.weights)
            self._encoded_held[encoding] = rows
        return self._encoded_held[encoding]

    @cached_property
    def _encoded_held(self) -> dict[str, HeldOutRows]:
        return {}

    def with_training(self, training: TrainingSet) -> SelectionSet:
        """Return the same selection rows beside other rows to fit on, of the same encoders."""
        other = replace(self, training=training)
        # One of both encodes them, for both.
        other.__dict__["_encoded_held"] = self._encoded_held
        return other

    @property
    def is_part(self) -> bool:
        """Whether there are more rows than trials are fitted on."""
        return self.available > len(self.training)


def selection_rows(selection_sets: Iterable[SelectionSet]) -> IntArray:
    """Return the numbers of all selection rows, in their order."""
    return np.sort(np.concatenate([each.held_rows for each in selection_sets]))
