"""Student files as only an attacker would write them."""

from __future__ import annotations

import hashlib
import struct
import zlib

import numpy as np

from hpmkd.student.file.container import FORMAT_VERSION, MAGIC, seal, unseal

FIXED = struct.Struct("<8sH2xIII")


def altered(student, change):
    """Return the bytes of a student with another header or other arrays, sealed again."""
    header, arrays = unseal(student.to_bytes())
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(header, arrays)
    return seal(header, arrays)


def sealed(text, payload=b"", **fields):
    """Seal any header text before any payload, with any lengths."""
    packed = zlib.compress(text)
    start = FIXED.size + len(packed)
    body = packed + (bytes(-start % 8) + payload if payload else b"")
    fixed = FIXED.pack(
        MAGIC,
        fields.get("version", FORMAT_VERSION),
        fields.get("packed", len(packed)),
        fields.get("header", len(text)),
        fields.get("length", FIXED.size + len(body) + 32),
    )
    return fixed + body + hashlib.sha256(fixed + body).digest()


def resealed(text):
    """Seal a header of any text that a reader will unpack."""
    stored = zlib.compress(text, 0)
    fixed = FIXED.pack(MAGIC, FORMAT_VERSION, len(stored), len(text), 56 + len(stored))
    return fixed + stored + hashlib.sha256(fixed + stored).digest()


def opened(content):
    """Return the header text and all that follows it."""
    _, _, packed, _, _ = FIXED.unpack_from(content)
    start = FIXED.size + packed
    return zlib.decompress(content[FIXED.size : start]), content[start + -start % 8 : -32]


def arrays_of(content):
    """Return the arrays of a file by name."""
    return unseal(content)[1]


def put(name, position, value):
    def change(_, arrays):
        arrays[name] = arrays[name].astype(np.result_type(arrays[name], type(value)))
        arrays[name][position] = value

    return change


def replaced(name, values):
    return lambda _, arrays: arrays.update({name: np.array(values)})


def head(section, key, value):
    def change(header, _):
        header[section][key] = value

    return change
