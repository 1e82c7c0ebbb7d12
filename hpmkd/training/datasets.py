"""Rows to fit students on, encoded once for all fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.data.encoding import EXACT, Encoding, EncodingOptions
from hpmkd.values import ExtraRows, Previous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.contracts import Encoder
    from hpmkd.data.dataset import Dataset
    from hpmkd.data.unlabeled import PseudoLabelledRows
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class EncodedRows:
    """Rows to fit students on, encoded once for all fits.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class codes.
    soft_targets : ndarray of shape (n, K)
        The teachers' knowledge about them.
    classes : ndarray of shape (K,)
        The labels behind the codes.
    encoded : mapping of str to (Encoder, ndarray)
        Fitted encoder and matrix for each encoding in use.
    extra : mapping of str to ExtraRows
        Rows without labels for each encoding in use; empty if there are none.
    previous : mapping of tuple to Previous or str
        Students of earlier stages on these rows, by the key of the
        :class:`~hpmkd.values.After` of those who build on them; why there is none, if there is
        none.
    """

    labels: IntArray
    soft_targets: FloatArray
    classes: NDArray[Any]
    encoded: Mapping[str, tuple[Encoder, FloatArray]]
    extra: Mapping[str, ExtraRows] = field(default_factory=dict)
    previous: Mapping[tuple[Any, ...], Previous | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Every stage is handed these very arrays: one that wrote into them would change what
        # all others are fitted to.
        for name in ("labels", "soft_targets", "classes"):
            object.__setattr__(self, name, tables.frozen(getattr(self, name)))

    @cached_property
    def digest(self) -> str:
        """Digest of the content, but for students of earlier stages."""
        parts: list[Any] = [self.labels, self.soft_targets, self.classes]
        for kind, (_, matrix) in sorted(self.encoded.items()):
            parts += [kind, matrix]
        for kind, rows in sorted(self.extra.items()):
            parts += [kind, rows.matrix, rows.soft_targets, rows.weight]
        return tables.digest(*parts)

    @classmethod
    def encode(
        cls,
        rows: Dataset,
        soft_targets: FloatArray,
        encodings: set[str],
        extra: PseudoLabelledRows | None = None,
        region: CacheRegion = NO_CACHE,
        options: EncodingOptions = EXACT,
    ) -> EncodedRows:
        """Fit an encoder per encoding on the rows with labels alone, and encode all rows.

        So the encoders, and with them the controls, are the same with and without extra rows.
        What is on the shelf is not encoded again.
        """
        encoding = Encoding(rows, region, options)
        encoded, encoded_extra = {}, {}
        for kind in sorted(encodings):
            encoder = encoding.encoder(kind)
            encoded[kind] = (encoder, encoding.matrix(encoder))
            if extra is not None:
                further = encoding.matrix(encoder, extra.table)
                encoded_extra[kind] = ExtraRows(further, extra.soft_targets, extra.weight)
        return cls(rows.labels, soft_targets, rows.classes, encoded, encoded_extra)

    def rows(self, rows: IntArray) -> EncodedRows:
        """Return some of the rows, by position, beside the same encoders and extra rows.

        Students of earlier stages are left behind: they have seen the other rows.
        """
        encoded = {}
        for kind, (encoder, matrix) in self.encoded.items():
            encoded[kind] = (encoder, matrix[rows])
            encoded[kind][1].flags.writeable = False
        labels, soft_targets = self.labels[rows], self.soft_targets[rows]
        return replace(self, labels=labels, soft_targets=soft_targets, encoded=encoded, previous={})

    def sample(self, share: float, seed: int) -> EncodedRows:
        """Return a share of the rows, class by class, beside as large a share of the extra ones."""
        if share >= 1:
            return self
        at, _ = splits.holdout(self.labels, 1.0 - share, seed)
        extra = {}
        for kind, rows in self.extra.items():
            m = round(share * len(rows.matrix))
            chosen = np.sort(np.random.default_rng(seed).permutation(len(rows.matrix))[:m])
            further = (rows.matrix[chosen], rows.soft_targets[chosen])
            extra[kind] = replace(rows, matrix=further[0], soft_targets=further[1])
            extra[kind].matrix.flags.writeable = False
        return replace(self.rows(at), extra=extra)
