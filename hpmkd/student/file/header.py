"""The header of a student's file as bytes: compressed, but never so tightly that it is a bomb."""

from __future__ import annotations

import zlib

#: A header may unpack to so many bytes, or to so many times its size, for each of its bytes may
#: take 75 in memory (nested mappings do).
FREE, LARGEST_RATIO = 3 * 2**14, 4


def largest_header(packed_length: int) -> int:
    """Return how many bytes a header that is stored in so many may have."""
    return max(FREE, LARGEST_RATIO * packed_length)


def compress(text: bytes) -> bytes:
    """Compress a header as tightly as a reader takes it."""
    for level, strategy in ((9, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_HUFFMAN_ONLY)):
        deflater = zlib.compressobj(level, strategy=strategy)
        packed = deflater.compress(text) + deflater.flush()
        if len(text) <= largest_header(len(packed)):
            return packed
    return zlib.compress(text, 0)


def decompress(packed: bytes, length: int) -> bytes:
    """Decompress exactly `length` bytes, and never more.

    Raises
    ------
    ValueError
        It has another length, or does not decompress.
    """
    inflater = zlib.decompressobj()
    try:
        # One byte more than expected, to notice that there is more (0 would mean no limit).
        content = inflater.decompress(packed, length + 1)
    except zlib.error as error:
        raise ValueError(f"its header does not decompress ({error})") from error
    if len(content) != length or not inflater.eof or inflater.unused_data:
        raise ValueError("its header has another length than it says")
    return content
