"""The header of a student's file as bytes: compressed, but never so tightly that it is a bomb.

JSON takes up to 75 bytes of memory per character where it nests mappings. Texts take some five, and
a key or value up to 320 (a column does): so names of columns may be stored more tightly.
"""

from __future__ import annotations

import zlib

#: A header may unpack to so many bytes, or to so many times its size, whatever it holds.
FREE, RATIO = 3 * 2**14, 4
#: Up to this it may only with few keys and values: so many, or so many for each of its bytes.
FREE_OF_TEXTS, RATIO_OF_TEXTS = 2**16, 8
FREE_VALUES, VALUES_PER_BYTE = 2**13, 2 / 3


def largest_header(packed_length: int) -> int:
    """Return how many bytes a header that is stored in so many may have."""
    return max(FREE_OF_TEXTS, RATIO_OF_TEXTS * packed_length)


def compress(text: bytes) -> bytes:
    """Compress a header as tightly as a reader takes it."""
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY):
        deflater = zlib.compressobj(9, strategy=strategy)
        packed = deflater.compress(text) + deflater.flush()
        if len(text) <= largest_header(len(packed)) and not _holds_too_much(text, len(packed)):
            return packed
    return zlib.compress(text, 0)


def decompress(packed: bytes, length: int) -> bytes:
    """Decompress exactly `length` bytes, and never more.

    Raises
    ------
    ValueError
        It has another length, does not decompress, or holds too many values for its size.
    """
    inflater = zlib.decompressobj()
    try:
        # One byte more than expected, to notice that there is more (0 would mean no limit).
        text = inflater.decompress(packed, length + 1)
    except zlib.error as error:
        raise ValueError(f"its header does not decompress ({error})") from error
    if len(text) != length or not inflater.eof or inflater.unused_data:
        raise ValueError("its header has another length than it records")
    if _holds_too_much(text, len(packed)):
        raise ValueError(
            f"its header of {len(packed):,} bytes holds an absurd {_n_values(text):,} values"
        )
    return text


def _holds_too_much(text: bytes, packed_length: int) -> bool:
    if len(text) <= max(FREE, RATIO * packed_length):
        return False
    return _n_values(text) > max(FREE_VALUES, VALUES_PER_BYTE * packed_length)


def _n_values(text: bytes) -> int:
    """Return how many keys and values a JSON text may hold: each stands behind one of these."""
    return sum(map(text.count, (b",", b":", b"[", b"{")))
