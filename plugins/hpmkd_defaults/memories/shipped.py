"""What comes with hpmkd: outcomes of open data sets, so that the first run has a memory, too."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd_defaults.memories.records import Learned

#: Written by ``python -m benchmarks memory-fill``: what ``hpmkd memory export`` writes, packed.
FILE = Path(__file__).with_name("shipped.json.gz")


@lru_cache(maxsize=1)
def shipped() -> tuple[Learned, ...]:
    """Return what is known of the open data sets; every field is checked."""
    import gzip

    import msgspec

    from hpmkd_defaults.memories.import_export import Exported

    content = gzip.decompress(FILE.read_bytes())
    return tuple(msgspec.json.decode(content, type=Exported).data_sets)
