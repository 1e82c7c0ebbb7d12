"""Refuses pools with attention where weights of each row's own cannot be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpmkd.errors import UnsupportedStudentError

if TYPE_CHECKING:
    from hpmkd.student import Pool


def refuse_attention(pool: Pool, exporter: str) -> None:
    """Refuse a pool with attention.

    Raises
    ------
    UnsupportedStudentError
        The pool has it.
    """
    if pool.attention is not None:
        raise UnsupportedStudentError(
            f"the exporter {exporter!r} writes pools whose weights are the same for all rows, and "
            "this one has attention: the exporters 'c', 'js', 'json' and 'python' can write it"
        )
