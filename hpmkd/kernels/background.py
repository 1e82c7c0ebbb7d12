"""Compiles kernels in a process beside this one, which does something else meanwhile.

Numba keeps what it compiles in files, and compiles nothing that is there. What a run needs takes
half a minute of a processor, and a thread would hold the GIL for half of that, so it is a process:
while the teachers are fitted here, it fills numba's folder. Who needs a kernel that is on its way
waits for it; any other is compiled where it is needed, as ever.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple


class Group(NamedTuple):
    """Kernels that are compiled in one go."""

    name: str
    folder: str  # of their code, below this one
    kernels: tuple[str, ...]  # as numba names their files; the last one is compiled last


def group(answers: str, pooled: bool, full: bool) -> str:
    """Return the name of a group of kernels that answer.

    Parameters
    ----------
    answers : {"rows", "tables"}
        What they answer.
    pooled, full : bool
        As for :func:`hpmkd.kernels.packed.table_kernel`.
    """
    return f"{'full ' if full else ''}{'pool ' if pooled else ''}{answers}"


def groups(*, full: bool) -> tuple[Group, ...]:
    """Return what a run needs, in the order in which it does."""
    from hpmkd.kernels.packed import backend

    loops = Group("loops", ".", LOOPS)
    return (loops, *_of_students(full)) if backend().COMPILES else (loops,)


def _of_students(full: bool) -> tuple[Group, ...]:
    """Return what numba compiles to answer from packed words."""
    code, kind = ("code", "all") if full else ("plain_code", "plain")
    return (
        Group(group("rows", False, full), "_packed", (f"dicts.read_{code}",)),
        Group(group("tables", False, full), "_packed", (f"students._answer_{kind}",)),
        Group("fusing", "_packed", ("fusing.fuse_rows",)),
        Group(group("rows", True, full), "_packed", (f"dicts.pool_read_{code}",)),
        Group(group("tables", True, full), "_packed", (f"pools._pool_{kind}",)),
    )


LOOPS = (
    *("_jit.soften", "_jit.soften_logits", "_jit.kl_divergence", "_jit.distillation_loss"),
    *("_jit.em_step", "_jit.em_weights", "_jit.attention_gradient", "_jit.attention_fuse"),
)


class Compiler:
    """A process that compiles some groups, and what this one knows of it.

    Parameters
    ----------
    groups : sequence of str
        Their names, in the order in which they are needed.

    Attributes
    ----------
    waited : float
        Seconds for which this process has waited for kernels.
    """

    def __init__(self, groups: Sequence[str]) -> None:
        self.waited = 0.0
        self._started, self._ended = time.perf_counter(), math.inf
        self._news = threading.Condition()
        self._left = list(groups)
        self._process = subprocess.Popen(
            self._command(groups),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    def _command(self, groups: Sequence[str]) -> list[str]:
        # By name, for this module is __main__ there.
        return [sys.executable, "-m", "hpmkd.kernels.background", *groups]

    def _read(self, lines: IO[str]) -> None:
        """Note what is finished, and at its end, however it ends, that nothing is on its way."""
        with lines:
            for line in lines:
                with self._news:
                    self._left.remove(line.strip())
                    self._news.notify_all()
        with self._news:
            self._ended = time.perf_counter()
            self._left.clear()
            self._news.notify_all()

    @property
    def seconds(self) -> float:
        """How long it took, or has taken."""
        return min(self._ended, time.perf_counter()) - self._started

    def is_coming(self, group: str) -> bool:
        """Return whether a group is being compiled, or will be."""
        return group in self._left

    def wait(self, group: str | None) -> None:
        """Return when a group, or all of them, is there, or is not coming."""
        started = time.perf_counter()
        with self._news:
            self._news.wait_for(lambda: group not in self._left if group else not self._left)
        self.waited += time.perf_counter() - started

    def stop(self) -> None:
        """End the process; what it has finished stays."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()


_LOCK = threading.Lock()
_running: tuple[int, Compiler] | None = None  # with the process that it belongs to


def _here() -> Compiler | None:
    return _running[1] if _running is not None and _running[0] == os.getpid() else None


def is_coming(group: str) -> bool:
    """Return whether kernels are on their way: an answer by other means would come sooner."""
    compiler = _here()
    return compiler is not None and compiler.is_coming(group)


def wait(group: str | None = None) -> None:
    """Return when kernels, by default all, need not be waited for any more."""
    compiler = _here()
    if compiler is not None:
        compiler.wait(group)


def start(note: Callable[[str], None], *, full: bool) -> contextlib.ExitStack:
    """Compile what a run needs and numba does not have yet, until the result is closed.

    Nothing is compiled in a worker process, nor where another thread has begun to.

    Parameters
    ----------
    note : callable
        Receives how many kernels there are, and how long the run had to wait for them.
    full : bool
        There are more than two classes.
    """
    global _running
    end = contextlib.ExitStack()
    missing = missing_groups(full) if multiprocessing.parent_process() is None else []
    with _LOCK:
        if not missing or _here() is not None:
            return end
        try:
            compiler = Compiler([group.name for group in missing])
        except OSError:  # no further process: each kernel is compiled where it is needed
            return end
        _running = (os.getpid(), compiler)
    n = sum(len(group.kernels) for group in missing)
    note(f"compiling {n} kernels, once, in a process beside the run (hpmkd warm does it ahead)")
    end.callback(_stop, compiler, note)
    return end


def _stop(compiler: Compiler, note: Callable[[str], None]) -> None:
    global _running
    with _LOCK:
        _running = None
    compiler.stop()
    note(
        f"kernels took {compiler.seconds:.1f} s to compile, once; the run waited "
        f"{compiler.waited:.1f} s for them"
    )


def missing_groups(full: bool) -> list[Group]:
    """Return the groups of which numba has no file."""
    from hpmkd.kernels import _jit
    from hpmkd.kernels._packed import compiling as packed
    from hpmkd.kernels.warming import cache_folder

    loops: object = _jit.soften
    folders = {".": Path(loops.stats.cache_path), "_packed": cache_folder()}  # type: ignore[attr-defined]

    def is_there(group: Group) -> bool:
        stamp = f"_{packed.STAMP}" if group.folder == "_packed" else ""
        return any(folders[group.folder].glob(f"{group.kernels[-1]}{stamp}-*.nbi"))

    return [group for group in groups(full=full) if not is_there(group)]


def compile_group(group: str) -> None:
    """Compile the kernels of a group, or load them from numba's cache."""
    import numpy as np

    from hpmkd.kernels import packed, warming

    match group:
        case "loops":
            warming.compile_loops()
        case "fusing":
            warming.compile_fusing()
        case _:
            kind: dict[str, bool] = {"pooled": "pool" in group, "full": "full" in group}
            if group.endswith("rows"):
                packed.dict_kernel(np.zeros(24, dtype=np.uint32), (), 0, (), **kind)
            else:
                packed.table_kernel(np.float64, **kind)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        compile_group(name)
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
