"""Exceptions that travel from a worker process."""

from __future__ import annotations

import pickle
import traceback

import cloudpickle


def portable_exception(error: BaseException, where: str) -> Exception:
    """Return an exception that can be pickled, with a note of where it was raised.

    Parameters
    ----------
    error : BaseException
        Of the task; if it does not survive pickling, or ends processes (``SystemExit``), a
        RuntimeError that quotes it takes its place.
    where : str
        The process, such as "in a worker process".
    """
    lines = "".join(traceback.format_exception(error))
    portable: Exception = RuntimeError(f"{type(error).__name__}: {error}")
    if isinstance(error, Exception):
        try:
            pickle.loads(cloudpickle.dumps(error))
        except Exception:
            pass
        else:
            portable = error
    portable.add_note(f"{where}:\n{lines}")
    return portable
