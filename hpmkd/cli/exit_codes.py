"""What the exit code of a command means; the table of the documentation has the same codes."""

from __future__ import annotations

from collections.abc import Mapping

#: Codes that commands leave with: those of errors are on their classes.
EXIT_CODES: Mapping[int, str] = {
    0: "done",
    2: "wrong usage or recipe",
    3: "unusable data",
    4: "a broken plugin",
    5: "an unusable teacher",
    6: "no intact student or run",
    7: "cannot write",
    8: "cannot export",
    9: "cannot report",
    10: "no student within the limits",
    11: "no kernels or server",
    130: "Ctrl-C",
    143: "SIGTERM",
    1: "anything else",
}
