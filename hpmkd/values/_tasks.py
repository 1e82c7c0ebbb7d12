"""Tasks that have no result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lost:
    """What an executor yields for a task that it tried twice without a result.

    Parameters
    ----------
    reason : str
        A clause, such as "its worker was killed (SIGKILL), twice".
    """

    reason: str
