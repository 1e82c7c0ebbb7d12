"""The key that distinguishes a user's own journals and cached entries from those of others."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from hpmkd.errors import RunFolderError

KEY_BYTES = 32


def key_path() -> Path:
    """Return where the user's key is, whether or not there is one yet."""
    import platformdirs

    return Path(platformdirs.user_data_path("hpmkd", appauthor=False)) / "user.key"


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
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        draft.touch(0o600)
        try:
            draft.write_bytes(secrets.token_bytes(KEY_BYTES))
            # Of two processes that come first at once, one makes it and both read it.
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise RunFolderError(
            f"{path} is damaged: got {len(key)} bytes, expected {KEY_BYTES}. Delete it; a new one "
            "is made, and unfinished runs of the old one have to be started over"
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:  # elsewhere modes mean nothing
        raise RunFolderError(
            f"{path} is open to other users, who could pass off code as results of yours: "
            f"rm {path} (a new one is made, and unfinished runs have to be started over)"
        )
    return key


def known_key(path: Path | None = None) -> bytes | None:
    """Return the user's key, or None where there is none yet, or none that can be used.

    Parameters
    ----------
    path : Path, optional
        By default in the user's data folder.
    """
    path = key_path() if path is None else path
    try:
        return user_key(path) if path.exists() else None
    except (OSError, RunFolderError):
        return None
