"""The container of a ``.hpmkd`` file: a JSON header and flat arrays, sealed.

======================  =====================================================================
bytes                   content
======================  =====================================================================
8                       magic; its line ends and its zero reveal transfers that alter bytes
2, 4, 4, 4              format version; lengths of header, arrays, and both compressed (uint32)
as said                 header (ASCII JSON) followed by the arrays, compressed together (zlib)
32                      SHA-256 of everything before
======================  =====================================================================

All numbers are little-endian. The header lists each array under ``"arrays"`` as name, dtype,
shape and offset. Reading executes nothing, and needs memory only in proportion to the file.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import StudentFileError
from hpmkd.student.arrays import smallest

MAGIC = b"\x93HPMKD\n\x00"
#: The newest that is read. It counts up when older readers could not understand a new file;
#: a file states the oldest version that its content needs. 2 added ``joint`` and ``additive``.
FORMAT_VERSION = 2

_FIXED = struct.Struct("<8sHIII")
_DIGEST_SIZE = 32
# A student is small. Whoever needs more than this does not want a student.
_LARGEST_CONTENT = 2**28
#: No student file is longer, in bytes.
LARGEST_FILE = _LARGEST_CONTENT + 2**20
_LARGEST_RATIO = 1040  # zlib cannot compress better than 1 : 1032
_DTYPES = ("|u1", "|i1", "<u2", "<i2", "<i4", "<i8", "<f4", "<f8")


def seal(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], version: int = 1) -> bytes:
    """Write header and arrays; the same content gives the same bytes.

    Parameters
    ----------
    header : mapping
        Plain values that JSON can hold, finite numbers only.
    arrays : mapping of str to ndarray
        Stored in the smallest dtype that holds the values exactly.
    version : int
        The first format version whose readers understand the content.

    Returns
    -------
    bytes

    Raises
    ------
    StudentFileError
        The content is larger than a file may be (256 MB).
    """
    table, chunks, offset = [], [], 0
    for name, array in arrays.items():
        stored = smallest(np.asarray(array))
        table.append([name, stored.dtype.str, list(stored.shape), offset])
        chunks.append(stored.tobytes())
        offset += stored.nbytes
    text = json.dumps(
        {**header, "arrays": table}, sort_keys=True, allow_nan=False, separators=(",", ":")
    ).encode("ascii")
    if len(text) + offset > _LARGEST_CONTENT:
        raise StudentFileError(
            f"the student has {len(text) + offset:,} bytes, more than a file may hold "
            f"({_LARGEST_CONTENT:,}): use fewer trees or fewer categories"
        )
    body = zlib.compress(text + b"".join(chunks), 9)
    fixed = _FIXED.pack(MAGIC, version, len(text), offset, len(body))
    sealed = fixed + body
    return sealed + hashlib.sha256(sealed).digest()


def unseal(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what :func:`seal` wrote, and trust nothing.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    header : dict
    arrays : dict of str to ndarray
        Read-only views, in the stored dtypes.

    Raises
    ------
    StudentFileError
        The content is no student file, is truncated, damaged or of a newer version.
    """
    header_length, arrays_length = _check_frame(content)
    body = _decompress(content[_FIXED.size : -_DIGEST_SIZE], header_length + arrays_length)
    try:
        header = json.loads(body[:header_length].decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise damaged("the header is not JSON") from error
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise damaged("the header does not list the arrays")
    payload = body[header_length:]
    arrays = {}
    for entry in header.pop("arrays"):
        name, array = _read_array(entry, payload)
        arrays[name] = array
    return header, arrays


def damaged(reason: str) -> StudentFileError:
    """Return the error for a file that cannot be used."""
    return StudentFileError(
        f"the student file is damaged: {reason}; copy or download it again, or distil anew"
    )


def _check_frame(content: bytes) -> tuple[int, int]:
    """Check everything that can be told without looking inside; return the two lengths."""
    if content[: len(MAGIC)] != MAGIC[: len(content)]:
        raise StudentFileError(
            f"this is not a student file: it starts with {content[:8]!r}, expected {MAGIC!r}; "
            "pass the .hpmkd file that hpmkd wrote"
        )
    if len(content) < _FIXED.size + _DIGEST_SIZE:
        raise damaged(f"it is truncated after {len(content)} bytes")
    _, version, header_length, arrays_length, body_length = _FIXED.unpack_from(content)
    if not 1 <= version <= FORMAT_VERSION:
        raise StudentFileError(
            f"the student file has format version {version}, this hpmkd reads versions 1 to "
            f"{FORMAT_VERSION}: upgrade with pip install -U hpmkd"
        )
    expected = _FIXED.size + body_length + _DIGEST_SIZE
    if len(content) != expected:
        problem = "truncated" if len(content) < expected else "too long"
        raise damaged(f"it is {problem}: {len(content):,} bytes instead of {expected:,}")
    if hashlib.sha256(content[:-_DIGEST_SIZE]).digest() != content[-_DIGEST_SIZE:]:
        raise damaged("its checksum does not match its content")
    if header_length + arrays_length > min(_LARGEST_CONTENT, _LARGEST_RATIO * body_length):
        raise damaged(f"it claims an absurd {header_length + arrays_length:,} bytes of content")
    return header_length, arrays_length


def _decompress(body: bytes, length: int) -> bytes:
    """Decompress exactly `length` bytes, and never more."""
    inflater = zlib.decompressobj()
    try:
        # One byte more than expected, to notice that there is more (0 would mean no limit).
        content = inflater.decompress(body, length + 1)
    except zlib.error as error:
        raise damaged(f"it does not decompress ({error})") from error
    if len(content) != length or not inflater.eof or inflater.unused_data:
        raise damaged("its content has another length than it says")
    return content


def _read_array(entry: Any, payload: bytes) -> tuple[str, NDArray[Any]]:
    """Read one array of the table."""
    if not isinstance(entry, list) or len(entry) != 4:
        raise damaged("an entry in the table of arrays is odd")
    name, dtype, shape, offset = entry
    if not isinstance(name, str) or dtype not in _DTYPES or not isinstance(shape, list):
        raise damaged("an array has an odd name, type or shape")
    if len(shape) > 2 or not all(type(size) is int and size >= 0 for size in [*shape, offset]):
        raise damaged(f"the array {name[:60]!r} has an odd shape or offset")
    count = 1
    for size in shape:
        count *= size  # Python integers: no overflow
    if offset + count * np.dtype(dtype).itemsize > len(payload):
        raise damaged(f"the array {name[:60]!r} reaches beyond the end")
    return name, np.frombuffer(payload, dtype, count, offset).reshape(shape)
