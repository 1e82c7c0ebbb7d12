"""The container of a ``.hpmkd`` file: a compressed JSON header and flat arrays, sealed.

======================  =====================================================================
bytes                   content
======================  =====================================================================
8                       magic; its line ends and its zero reveal transfers that alter bytes
2, 2                    format version; zero
4, 4, 4                 length of the header as stored, unpacked, and of the whole file
length of the header    header: ASCII JSON, compressed (zlib)
to a multiple of 8      zeros, and so before each array: mapped arrays are aligned
sizes in the header     arrays one after the other, as they are in memory
32                      SHA-256 of everything before
======================  =====================================================================

All numbers are little-endian and unsigned. The header lists each array under ``"arrays"`` as
name, dtype and shape. Where an array starts follows from those before it, so that none can
overlap or lie outside. Reading executes nothing, and needs memory only in proportion to the
file. docs/student-file.md describes all of it for readers written elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import StudentFileError
from hpmkd.student.file.arrays import smallest
from hpmkd.student.file.header import compress, decompress, largest_header

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x93HPMKD\n\x00"
#: What is written, unless a student has parts that its readers do not know: pools with attention.
FORMAT_VERSION, WITH_ATTENTION = 5, 6
#: No student file is longer, in bytes. A larger model is no small student.
LARGEST_FILE = 2**28

_FIXED = struct.Struct("<8sH2xIII")
_DIGEST_SIZE = 32
_ALIGNMENT = 8
_DTYPES = ("|u1", "|i1", "<u2", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8")


def seal(
    header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], version: int = FORMAT_VERSION
) -> bytes:
    """Write header and arrays; the same content gives the same bytes.

    Parameters
    ----------
    header : mapping
        Plain values that JSON can hold, finite numbers only.
    arrays : mapping of str to ndarray
        Stored in the smallest dtype that holds the values exactly.
    version : int
        Of the format: the first whose readers understand the content.

    Raises
    ------
    StudentFileError
        The content is larger than a file may be (256 MB).
    """
    stored = {name: smallest(np.asarray(array)) for name, array in arrays.items()}
    table = [[name, array.dtype.str, list(array.shape)] for name, array in stored.items()]
    text = json.dumps(
        {**header, "arrays": table}, sort_keys=True, allow_nan=False, separators=(",", ":")
    ).encode("ascii")
    packed = compress(text)
    chunks, end = [packed], _FIXED.size + len(packed)
    for array in stored.values():
        chunks += [bytes(_aligned(end) - end), array.tobytes()]
        end = _aligned(end) + array.nbytes
    length = end + _DIGEST_SIZE
    if length > LARGEST_FILE:
        raise StudentFileError(
            f"the student has {length:,} bytes, more than a file may hold "
            f"({LARGEST_FILE:,}): use fewer trees or fewer categories"
        )
    fixed = _FIXED.pack(MAGIC, version, len(packed), len(text), length)
    sealed = b"".join([fixed, *chunks])
    return sealed + hashlib.sha256(sealed).digest()


def unseal(content: bytes | mmap) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what :func:`seal` wrote, and trust nothing.

    Returns
    -------
    header : dict
    arrays : dict of str to ndarray
        Read-only views of `content`, bytes or a read-only map, in the stored dtypes.

    Raises
    ------
    StudentFileError
        The content is not a student file, is truncated, damaged or of another version.
    """
    packed_length, header_length = _check_frame(content)
    start = _FIXED.size + packed_length
    try:
        text = decompress(content[_FIXED.size : start], header_length)
    except ValueError as error:
        raise damaged(str(error)) from error
    try:
        header = json.loads(text.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise damaged("the header is not JSON") from error
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise damaged("the header does not list the arrays")
    arrays: dict[str, NDArray[Any]] = {}
    end = len(content) - _DIGEST_SIZE
    for entry in header.pop("arrays"):
        name, dtype, shape, size = _read_entry(entry)
        offset = _aligned(start)
        start = offset + size
        if name in arrays or start > end:
            reason = "is listed twice" if name in arrays else "reaches beyond the end"
            raise damaged(f"the array {name[:60]!r} {reason}")
        count = size // dtype.itemsize
        arrays[name] = np.frombuffer(content, dtype, count, offset).reshape(shape)
    if start != end:
        raise damaged(f"{end - start:,} bytes belong to no array")
    return header, arrays


def version_of(content: bytes | mmap) -> int:
    """Return the format version of what :func:`unseal` could read."""
    version: int = _FIXED.unpack_from(content)[1]
    return version


def damaged(reason: str) -> StudentFileError:
    """Return the error for a file that cannot be used."""
    return StudentFileError(
        f"the student file is damaged: {reason}; copy or download it again, or distil again"
    )


def _aligned(position: int) -> int:
    """Return the next position where an array may start."""
    return -(-position // _ALIGNMENT) * _ALIGNMENT


def _check_frame(content: bytes | mmap) -> tuple[int, int]:
    """Check the frame of the file; return both lengths of the header."""
    start = content[: len(MAGIC)]
    if start != MAGIC[: len(start)]:
        raise StudentFileError(
            f"this is not a student file: it starts with {start!r}, expected {MAGIC!r}; "
            "pass the .hpmkd file that hpmkd wrote"
        )
    if len(content) < _FIXED.size + _DIGEST_SIZE:
        raise damaged(f"it is truncated after {len(content)} bytes")
    _, version, packed_length, header_length, length = _FIXED.unpack_from(content)
    if not FORMAT_VERSION <= version <= WITH_ATTENTION:
        newer = version > WITH_ATTENTION
        cure = "upgrade with pip install -U hpmkd" if newer else "distil again"
        raise StudentFileError(
            f"the student file has format version {version}, this hpmkd reads versions "
            f"{FORMAT_VERSION} and {WITH_ATTENTION}: {cure}"
        )
    if len(content) != length:
        problem = "truncated" if len(content) < length else "too long"
        raise damaged(f"it is {problem}: {len(content):,} bytes instead of {length:,}")
    with memoryview(content) as view, view[:-_DIGEST_SIZE] as sealed:
        if hashlib.sha256(sealed).digest() != content[-_DIGEST_SIZE:]:
            raise damaged("its checksum does not match its content")
    if packed_length > length - _FIXED.size - _DIGEST_SIZE:
        raise damaged("its header reaches beyond the end")
    if header_length > largest_header(packed_length):
        raise damaged(f"it claims an absurd {header_length:,} bytes of header")
    return packed_length, header_length


def _read_entry(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...], int]:
    """Read an entry in the table of arrays; the last is the size in bytes."""
    if not isinstance(entry, list) or len(entry) != 3:
        raise damaged("an entry in the table of arrays is odd")
    name, code, shape = entry
    if not isinstance(name, str) or code not in _DTYPES or not isinstance(shape, list):
        raise damaged("an array has an odd name, type or shape")
    # The bound matters for arrays of no bytes at all, such as 0 times 10**18.
    if len(shape) > 2 or not all(type(n) is int and 0 <= n <= LARGEST_FILE for n in shape):
        raise damaged(f"the array {name[:60]!r} has an odd shape")
    dtype = np.dtype(code)
    count = 1
    for n in shape:
        count *= n  # Python integers: no overflow
    return name, dtype, tuple(shape), count * dtype.itemsize


# A map shares its pages between all processes that load the file. But if someone truncates a
# mapped file in place, touching what is gone kills the process (SIGBUS), and no Python code
# can catch that. A small file saves nothing by it: it is read, and then is safe.
_MAPPED_FROM = 2**20


def read_content(path: str | os.PathLike[str]) -> bytes | mmap:
    """Read a small file, map a large one (from 1 MB on, read-only).

    Replacing the file, as :func:`write_content` does, leaves the map as it was; it must not be
    truncated or altered in place.

    Raises
    ------
    StudentFileError
        The file is missing, unreadable, or too long for a student file.
    """
    try:
        with open(os.fspath(path), "rb") as stream:
            content = stream.read(_MAPPED_FROM)
            if len(content) < _MAPPED_FROM:
                return content
            found = os.fstat(stream.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
                return mmap(stream.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        raise StudentFileError(
            f"cannot read the student {str(path)!r}: {error.strerror}; pass the path of a "
            ".hpmkd file"
        ) from error
    except ValueError as error:  # of mmap: it is empty by now
        raise damaged("it shrank while it was read") from error
    raise damaged(f"it is no regular file of at most {LARGEST_FILE:,} bytes")


def write_content(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file, whole or not at all, or raise a :class:`StudentFileError`."""
    from hpmkd.files import write_atomically

    try:
        return write_atomically(path, content)
    except OSError as error:
        raise StudentFileError(
            f"cannot write the student to {str(path)!r}: {error.strerror}; choose a path "
            "in an existing folder that you may write to"
        ) from error
