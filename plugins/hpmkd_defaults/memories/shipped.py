"""What comes with hpmkd: outcomes of open data sets, so that the first run has a memory, too."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values import DataFacts
    from hpmkd_defaults.memories.records import Learned

#: Written by ``python -m benchmarks memory-fill``: what ``hpmkd memory export`` writes, packed.
FILE = Path(__file__).with_name("shipped.json.gz")
#: By so much the balance of a part of a data set may differ from that of another part.
BALANCE = 0.05


@lru_cache(maxsize=1)
def shipped() -> tuple[Learned, ...]:
    """Return what is known of the open data sets; every field is checked."""
    import gzip

    import msgspec

    from hpmkd_defaults.memories.import_export import Exported

    content = gzip.decompress(FILE.read_bytes())
    return tuple(msgspec.json.decode(content, type=Exported).data_sets)


def may_be_the_same(facts: DataFacts, learned: Learned) -> bool:
    """Return whether a record may be of the very data, whatever its rows and their division.

    The digest of other rows is another. So a record counts as the same data set if it has as
    many columns, as many classes, and nearly the same balance of these.
    """
    return (
        facts.n_columns == learned.n_columns
        and facts.n_classes == learned.n_classes
        and abs(facts.balance - learned.balance) <= BALANCE
    )
