"""The bytes of one entry on disk, and what it takes to believe them.

::

    magic (8) | version, header bytes (2 × uint32) | header: JSON | zeros to a multiple of 64
    | the array's bytes | SHA-256 of all that is before (32)

An entry holds numbers and text without code: reading one cannot run anything.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from hpmkd_defaults.caches.disk_layout import VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"HPMKD\r\n\x1a"
START = struct.Struct("<8sII")
ALIGNMENT = 64
#: Kinds of dtype whose bytes are their content: numbers, truth values, dates, text.
KINDS = "biufcmMSU"


class DamagedEntryError(Exception):
    """What was read is not the entry that was asked for, or not whole."""


def can_hold(array: NDArray[Any]) -> bool:
    """Return whether an entry can hold the array (objects would need a pickle)."""
    return array.dtype.kind in KINDS and array.dtype.itemsize > 0 and array.flags.forc


def write(file: BinaryIO, region: str, key: str, array: NDArray[Any]) -> None:
    """Write an entry."""
    header = {
        "region": region,
        "key": key,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "order": "F" if array.flags.fnc else "C",
    }
    text = json.dumps(header).encode()
    start = START.pack(MAGIC, VERSION, len(text)) + text
    head = start + bytes(-len(start) % ALIGNMENT)
    data = array.ravel(order="K").view(np.uint8).data
    total = hashlib.sha256(head)
    total.update(data)
    for part in (head, data, total.digest()):
        file.write(part)


def read(file: BinaryIO, region: str, key: str) -> NDArray[Any]:
    """Read an entry.

    The bytes are checked after they are in memory, so that nothing can change between.

    Raises
    ------
    DamagedEntryError
        If it is cut short, changed, of another version or another entry.
    """
    content = np.fromfile(file, dtype=np.uint8)
    body, seal = content[:-32], content[-32:].tobytes()
    if hashlib.sha256(body.data).digest() != seal:
        raise DamagedEntryError("its checksum does not fit")
    # From here on it is what somebody wrote, but perhaps not us, or not this.
    try:
        magic, version, n_header = START.unpack(body[: START.size].tobytes())
        if (magic, version) != (MAGIC, VERSION):
            raise DamagedEntryError("it is of another version")
        end = START.size + n_header
        header = json.loads(body[START.size : end].tobytes())
        if (header["region"], header["key"]) != (region, key):
            raise DamagedEntryError("it is another entry")
        dtype = np.dtype(header["dtype"])
        if dtype.kind not in KINDS:
            raise DamagedEntryError(f"it holds {dtype}")
        data: NDArray[Any] = body[end + -end % ALIGNMENT :].view(dtype)
        return data.reshape(header["shape"], order=header["order"])
    except (LookupError, TypeError, ValueError, struct.error) as error:
        raise DamagedEntryError(f"its header cannot be read: {error}") from error
