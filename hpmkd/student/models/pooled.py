"""Several models read side by side, and one answer made of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.pool import Pool
from hpmkd.student.models.trees import TreesModel

#: What a pool may have as members.
Member = LinearModel | TreesModel | AdditiveModel
#: So many at most: each is read, packed and asked by itself.
MAX_MEMBERS = 64


@dataclass(frozen=True, eq=False)
class PooledModel:
    """An ensemble as one model.

    Parameters
    ----------
    members : tuple of LinearModel, TreesModel or AdditiveModel
        1 to 64 of K classes each. All read one matrix: linear ones its first dl columns,
        trees the dt columns after those, additive ones both.
    pool : Pool
        Makes one answer of theirs.

    Raises
    ------
    ValueError
        The members do not go together, or not with the pool.
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
            raise ValueError("a member of a pool is linear, of trees, or both")
        classes = {self.pool.n_classes, *(member.n_classes for member in self.members)}
        if len(classes) > 1:
            raise ValueError(f"members and pool differ in their number of classes: {classes}")
        if len({linear.n_inputs for linear in linear_parts(self.members)}) > 1:
            raise ValueError("the linear members read different numbers of columns")

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
        """Return probabilities of shape (n, K), float64, for a matrix of shape (n, dl + dt).

        Raises
        ------
        ValueError
            The matrix lacks a column.
        """
        return self.pool.fuse(self.member_probabilities(matrix))

    def member_probabilities(self, matrix: NDArray[Any]) -> NDArray[np.float64]:
        """Return what each member says, of shape (M, n, K), for a matrix (n, dl + dt).

        Raises
        ------
        ValueError
            The matrix lacks a column.
        """
        if matrix.ndim != 2 or matrix.shape[1] < self.n_inputs:
            raise ValueError(
                f"got a matrix of shape {matrix.shape}, expected (n, {self.n_inputs} or more)"
            )
        return np.stack(
            [member.probabilities(self._read(member, matrix)) for member in self.members]
        )

    @property
    def _width(self) -> int:
        """Columns of the linear members, dl; 0 if there are none."""
        linear = linear_parts(self.members)
        return linear[0].n_inputs if linear else 0

    def _read(self, member: Member, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return the columns that a member reads."""
        if isinstance(member, LinearModel):
            return matrix[:, : self._width]
        return matrix[:, self._width :] if isinstance(member, TreesModel) else matrix


def check_count(n_members: int) -> None:
    """Refuse more members than a pool may have.

    Raises
    ------
    ValueError
        There are more than 64.
    """
    if n_members > MAX_MEMBERS:
        raise ValueError(f"a pool of {n_members:,} members: expected at most {MAX_MEMBERS}")


def linear_parts(members: Iterable[Any]) -> list[LinearModel]:
    """Return the linear ones among models, and the linear margins of additive ones."""
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
        if not isinstance(member, LinearModel)
    ]
