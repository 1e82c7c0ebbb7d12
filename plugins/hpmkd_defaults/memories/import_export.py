"""The file of ``hpmkd memory export``: JSON, every field checked when it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from hpmkd_defaults.memories.records import Learned

if TYPE_CHECKING:
    from collections.abc import Sequence

#: By so much another machine's clock may be ahead.
SLACK = timedelta(days=1)


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a memory holds."""

    format: Literal["hpmkd memory"]
    version: Literal[1]
    data_sets: list[Learned]


def encoded(learned: Sequence[Learned]) -> bytes:
    """Return the content of a file."""
    text = msgspec.json.encode(Exported("hpmkd memory", 1, list(learned)))
    return msgspec.json.format(text, indent=2) + b"\n"


def decoded(content: bytes) -> list[Learned]:
    """Read the content of a file.

    Raises
    ------
    ValueError
        With the field that is wrong, and what was expected.
    """
    try:
        known = msgspec.json.decode(content, type=Exported).data_sets
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ValueError(str(error)) from error
    # A record from the future would stay the newest for good.
    latest = datetime.now(UTC) + SLACK
    for at, learned in enumerate(known):
        if learned.learned_at > latest:
            expected = f"Expected a moment <= {latest.isoformat(timespec='minutes')}"
            raise ValueError(f"{expected} - at `$.data_sets[{at}].learned_at`")
    return known
