"""The shipped memory: outcomes of open data sets, so that the first run has a memory, too."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hpmkd_defaults.memories.schema import DamagedStoreError

if TYPE_CHECKING:
    from hpmkd_defaults.memories.records import Learned

#: Written by ``python -m benchmarks memory-fill``: what ``hpmkd memory export`` writes, packed.
FILE = Path(__file__).with_name("shipped.json.gz")


@lru_cache(maxsize=1)
def shipped() -> tuple[Learned, ...]:
    """Return what is known of the open data sets; every field is checked.

    Raises
    ------
    DamagedStoreError
        If the file is not there, or not whole.
    """
    import gzip
    import zlib

    import msgspec

    from hpmkd_defaults.memories.import_export import Exported

    try:
        content = gzip.decompress(FILE.read_bytes())
        return tuple(msgspec.json.decode(content, type=Exported).data_sets)
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as error:
        raise DamagedStoreError(
            f"{FILE} cannot be read ({error}): install hpmkd again, or leave it out "
            "(memory.shipped = false)"
        ) from error
