"""An ensemble: several models read side by side, and a pool that fuses their probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.network import NetworkModel
from hpmkd.student.models.pool_attention import PoolAttention
from hpmkd.student.models.trees import TreesModel

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

#: Smallest probability that is used: a 0 would rule a class out, whatever others predict.
SMALLEST = 1e-15
# Wide of anything that is fitted, and narrow enough that nothing overflows.
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class Pool:
    """How the probabilities of M members, K each, are fused.

    With p_m the probabilities of member m, every p below 1e-15 raised to it::

        s_m = p_m^(1 / temperatures_m), normalised
        linear = sum_m weights_m s_m
        product = exp(sum_m exponents_m log s_m + offsets), normalised
        q = (share linear + (1 - share) product)^(1 / final_temperature), normalised

    Parameters
    ----------
    temperatures : array of shape (M,)
        Of each member, in [1e-6, 1e6]; 1 leaves it as it is.
    weights : array of shape (M,)
        In the linear pool; >= 0, sum to 1.
    exponents : array of shape (M,)
        In the log-linear pool; in [0, 1e6].
    offsets : array of shape (K,)
        Of the classes in the log-linear pool; in [-1e6, 1e6].
    share : float
        Of the linear pool in the mean of both, in [0, 1]; at 1, exponents and offsets are not
        read, at 0 the weights.
    final_temperature : float
        Of that mean, in [1e-6, 1e6].
    attention : PoolAttention, optional
        Of M members: what the weights of a row are multiplied with. Without it they are the same
        for all rows.

    Raises
    ------
    ValueError
        A shape or a value is not as described.
    """

    temperatures: FloatArray
    weights: FloatArray
    exponents: FloatArray
    offsets: FloatArray
    share: float = 1.0
    final_temperature: float = 1.0
    attention: PoolAttention | None = None

    def __post_init__(self) -> None:
        for name in ("temperatures", "weights", "exponents", "offsets"):
            values = owned(getattr(self, name), np.float64, 1, name)
            finite(values, name)
            object.__setattr__(self, name, values)
        for name in ("share", "final_temperature"):
            object.__setattr__(self, name, float(getattr(self, name)))
        counts = {len(self.temperatures), len(self.weights), len(self.exponents)}
        if self.attention is not None:
            counts.add(self.attention.n_members)
        if len(counts) > 1 or not self.n_members or self.n_classes < 2:
            raise ValueError(
                f"a pool of {sorted(counts)} members and {self.n_classes} classes: expected as "
                "many temperatures, weights and exponents, and at least two classes"
            )
        for temperature in (*self.temperatures, self.final_temperature):
            _within(float(temperature), 1 / _LARGEST, _LARGEST, "a temperature")
        _within(float(self.exponents.min()), 0.0, _LARGEST, "an exponent")
        _within(float(self.exponents.max()), 0.0, _LARGEST, "an exponent")
        _within(float(np.abs(self.offsets).max()), 0.0, _LARGEST, "the size of an offset")
        _within(self.share, 0.0, 1.0, "the share of the linear pool")
        if self.weights.min() < 0 or abs(self.weights.sum() - 1) > 1e-6:
            raise ValueError(f"the weights {self.weights.tolist()} are not shares that sum to 1")

    @classmethod
    def mean(cls, n_members: int, n_classes: int) -> Pool:
        """Return the pool that averages its members as they are."""
        equal = np.full(n_members, 1 / n_members)
        return cls(np.ones(n_members), equal, equal, np.zeros(n_classes))

    @property
    def n_members(self) -> int:
        """Number of members, M."""
        return len(self.temperatures)

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return len(self.offsets)

    def fuse(self, predicted: NDArray[Any]) -> NDArray[np.float64]:
        """Fuse the probabilities of the members, row by row: alone or among others, the same bits.

        Parameters
        ----------
        predicted : ndarray of shape (M, n, K)
            Probabilities; zeros are allowed.

        Returns
        -------
        ndarray of shape (n, K)
            float64; rows sum to 1.

        Raises
        ------
        ValueError
            There are more or fewer members or classes, or a value is not a probability.
        """
        from hpmkd.kernels.packed import fuse_rows

        expected = (self.n_members, *predicted.shape[1:2], self.n_classes)
        if predicted.shape != expected:
            raise ValueError(
                f"got probabilities of shape {predicted.shape}, expected ({self.n_members}, n, "
                f"{self.n_classes})"
            )
        # The arithmetic of packed pools, so that all ways to an answer give the same bits.
        values = np.array(predicted, dtype=np.float64, order="C")
        if not (values.min(initial=0.0) >= 0.0 and values.max(initial=0.0) < np.inf):
            raise ValueError("a predicted probability is negative, NaN or infinite")
        return fuse_rows(values, self.numbers())

    def numbers(self) -> NDArray[np.float64]:
        """Return the settings as the kernels take them.

        Returns
        -------
        ndarray of shape (3 M + K + 2,)
            Of each member 1 / temperature, weight in the mix and exponent; the offsets; the share
            of the log-linear pool; 1 / the final temperature; with attention, its numbers.
        """
        # Those of attention are divided by their sum, row by row.
        weights = self.weights if self.attention else self.share * self.weights
        members = np.stack([1 / self.temperatures, weights, self.exponents], axis=1)
        ends = [1 - self.share, 1 / self.final_temperature]
        attention = self.attention.numbers() if self.attention else np.empty(0)
        return np.concatenate([members.ravel(), self.offsets, ends, attention])


def _within(value: float, low: float, high: float, what: str) -> None:
    """Refuse a number outside of a range, or NaN."""
    if not low <= value <= high:
        raise ValueError(f"{what} is {value}, expected {low:g} to {high:g}")


#: What a pool may have as members.
Member = LinearModel | NetworkModel | TreesModel | AdditiveModel
#: Those that read all columns of a linear encoder, and no others.
OnScaled = LinearModel | NetworkModel
#: So many at most: each is read, packed and evaluated by itself.
MAX_MEMBERS = 64


@dataclass(frozen=True, eq=False)
class PooledModel:
    """An ensemble as one model.

    Parameters
    ----------
    members : tuple of LinearModel, NetworkModel, TreesModel or AdditiveModel
        1 to 64 of K classes each. All read one matrix: linear ones and networks its first dl
        columns, trees the dt columns after those, additive ones both.
    pool : Pool
        Fuses their probabilities.

    Raises
    ------
    ValueError
        The members do not match each other, or not the pool.
    """

    members: tuple[Member, ...]
    pool: Pool
    kind: ClassVar[str] = "pooled"
    link: ClassVar[str] = "pool"

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        check_count(len(self.members))
        if len(self.members) != self.pool.n_members:
            raise ValueError(f"{len(self.members)} members in a pool of {self.pool.n_members}")
        if not all(isinstance(member, Member) for member in self.members):
            raise ValueError(
                "a member of a pool is linear, a network, of trees, or linear with trees"
            )
        classes = {self.pool.n_classes, *(member.n_classes for member in self.members)}
        if len(classes) > 1:
            raise ValueError(f"members and pool differ in their number of classes: {classes}")
        if len({linear.n_inputs for linear in linear_parts(self.members)}) > 1:
            raise ValueError("the linear members and networks read different numbers of columns")

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return self.pool.n_classes

    @property
    def n_inputs(self) -> int:
        """Number of encoded columns that it needs, those of the trees behind the others."""
        return self._width + max((part.n_inputs for part in tree_parts(self.members)), default=0)

    @property
    def family(self) -> str:
        """What it is, in words."""
        return f"pool of {', '.join(member.family for member in self.members)}"

    def probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, dl + dt)."""
        return self.pool.fuse(self.member_probabilities(matrix))

    def member_probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities (M, n, K) of the members, for a matrix (n, dl + dt)."""
        if matrix.ndim != 2 or matrix.shape[1] < self.n_inputs:
            raise ValueError(
                f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs} or more)"
            )
        return np.stack(
            [member.probabilities(self._read(member, matrix)) for member in self.members]
        )

    @property
    def _width(self) -> int:
        """Columns of the linear members and networks, dl; 0 if there are none."""
        linear = linear_parts(self.members)
        return linear[0].n_inputs if linear else 0

    def _read(self, member: Member, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return the columns that a member reads."""
        if isinstance(member, OnScaled):
            return matrix[:, : self._width]
        return matrix[:, self._width :] if isinstance(member, TreesModel) else matrix


def check_count(n_members: int) -> None:
    """Refuse more members than a pool may have."""
    if n_members > MAX_MEMBERS:
        raise ValueError(f"a pool of {n_members:,} members: expected at most {MAX_MEMBERS}")


def linear_parts(members: Iterable[Any]) -> list[OnScaled]:
    """Return the linear ones and the networks among models, and the margins of additive ones."""
    return [
        member.linear if isinstance(member, AdditiveModel) else member
        for member in members
        if not isinstance(member, TreesModel)
    ]


def tree_parts(members: Iterable[Any]) -> list[TreesModel]:
    """Return those of trees among models, and the trees of additive ones."""
    return [
        member.trees if isinstance(member, AdditiveModel) else member
        for member in members
        if not isinstance(member, OnScaled)
    ]
