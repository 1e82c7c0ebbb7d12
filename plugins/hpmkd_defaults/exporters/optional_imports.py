"""Libraries that only an exporter needs."""

from __future__ import annotations

import importlib.util

from hpmkd.errors import ExportError


def require(exporter: str, *libraries: str) -> None:
    """Refuse to build an exporter whose libraries are not installed.

    Parameters
    ----------
    exporter : str
        Its name, which is that of the extra, too.
    *libraries : str
        What it imports.

    Raises
    ------
    ExportError
        One of them is missing; the message names what to install.
    """
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(
            f"the exporter {exporter!r} needs {' and '.join(missing)}, which "
            f"{'are' if len(missing) > 1 else 'is'} not installed: "
            f"pip install 'hpmkd[{exporter}]'"
        )
