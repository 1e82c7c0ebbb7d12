"""The machine: cores, threads, kernels."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hpmkd.cli.doctor.check import Check
from hpmkd.errors import KernelsError
from hpmkd.execution.placement import cores, host_worker
from hpmkd.execution.toolkit.threads import WORKER_ENVIRONMENT


def threads() -> Iterator[Check]:
    """Look at the cores that this process may use, and at the environment's settings of threads."""
    n = cores()
    found = f"{n} core{'s' * (n != 1)}"
    given = [f"{name}={os.environ[name]}" for name in WORKER_ENVIRONMENT if name in os.environ]
    if given:
        found += f"; {', '.join(given)}"
    if (host := host_worker()) is not None:
        found += f"; this is {host}, so a run starts no processes"
    more = f"hpmkd distill --workers {n} uses all of them" if n > 1 else ""
    yield Check("threads", found, advice=more)


def kernels() -> Iterator[Check]:
    """Look at the kernels of students, and at what numba has yet to compile."""
    try:
        from hpmkd.kernels.background import missing_groups
        from hpmkd.kernels.packed import backend_name
        from hpmkd.kernels.warming import cache_folder, refused_folder

        answering = backend_name()
        missing = sum(len(group.kernels) for group in missing_groups(full=True))
        folder, refused = cache_folder(), refused_folder()
    except KernelsError as error:
        yield Check(
            "kernels", str(error), "problem", "unset HPMKD_KERNELS, or do what the message advises"
        )
        return
    except ImportError as error:
        advice = "pip install --force-reinstall numba llvmlite"
        yield Check("kernels", f"numba cannot be imported: {error}", "problem", advice)
        return
    state = f"{missing} to compile, once, in the first run" if missing else "compiled"
    yield Check(
        "kernels",
        f"students predict with {answering}; kernels {state}, in {folder}",
        advice="hpmkd warm compiles them ahead" if missing else "",
    )
    if refused is not None:
        yield Check(
            "kernels",
            f"NUMBA_CACHE_DIR={refused} cannot be written",
            "problem",
            "make it writeable, or unset it; then hpmkd warm",
        )
