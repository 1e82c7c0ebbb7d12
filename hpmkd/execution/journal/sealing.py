"""The key by which a user's own journals are told from anybody else's.

A journal holds pickles, and a pickle is code: before one is read, its seal must show that this
user wrote it.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from pathlib import Path

from hpmkd.errors import RunFolderError

KEY_BYTES = 32


def key_path() -> Path:
    """Return where the user's key is, whether or not there is one yet."""
    import platformdirs

    return Path(platformdirs.user_data_path("hpmkd", appauthor=False)) / "journal.key"


def user_key(path: Path | None = None) -> bytes:
    """Return the user's key; made at the first use, and then only the user may read it.

    Parameters
    ----------
    path : Path, optional
        By default in the user's data folder.

    Raises
    ------
    RunFolderError
        If the file is no such key, or others may write it.
    OSError
        If it can be neither read nor made.
    """
    path = key_path() if path is None else path
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        # Of two processes that come first at once, one makes it and both read it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _read(path)


def seal(key: bytes, digest: bytes) -> bytes:
    """Return the 32 bytes that only the owner of the key can make of a digest."""
    return hmac.digest(key, digest, "sha256")


def is_sealed(key: bytes, digest: bytes, tag: bytes) -> bool:
    """Whether `tag` is the seal of a digest by this key."""
    return hmac.compare_digest(seal(key, digest), tag)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        state, key = os.fstat(stream.fileno()), stream.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise RunFolderError(
            f"{path} is damaged: got {len(key)} bytes, expected {KEY_BYTES}. Delete it; a new one "
            "is made, and runs that were begun with the old one have to be begun anew"
        )
    if state.st_mode & 0o077:
        raise RunFolderError(
            f"{path} is open to other users, who could pass off code as results of yours: "
            f"rm {path} (a new one is made, and unfinished runs have to be begun anew)"
        )
    return key
