"""What belongs to the whole process, noted so that it can be compared."""

from __future__ import annotations

import asyncio
import copy
import decimal
import faulthandler
import gc
import locale
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import numba
import numpy as np
import optuna
import pandas as pd
import sklearn
import threadpoolctl
import xgboost

#: What the first process that shares semaphores starts, once per interpreter, and what ends
#: with it: of multiprocessing's making, not of a run's.
TRACKER = "resource_tracker"


def state():
    """Everything that a run has no business to change, by name."""
    gc.collect()
    return {
        "environment": dict(os.environ),
        "working folder": os.getcwd(),
        "umask": umask(),
        "sys.path": list(sys.path),
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "tracing": (sys.gettrace(), sys.getprofile()),
        "warnings": (warnings.filters, list(warnings.filters)),
        "showwarning": (warnings.showwarning, vars(warnings).get("_showwarnmsg_impl")),
        "logging": loggers(),
        "random": random.getstate(),
        "numpy.random": plain(np.random.get_state()),  # noqa: NPY002 - the global generator
        "numpy": (np.geterr(), np.geterrcall(), np.get_printoptions()),
        "threads of libraries": threads_of_libraries(),
        "numba threads": (numba.get_num_threads(), numba.config.NUMBA_NUM_THREADS),
        "xgboost": xgboost.get_config(),
        "sklearn": sklearn.get_config(),
        "pandas": copy.deepcopy(pd._config.config._global_config),
        "optuna": optuna.logging.get_verbosity(),
        "signals": {each: signal.getsignal(each) for each in signal.Signals},
        "start method": multiprocessing.get_start_method(allow_none=True),
        "event loop policy": asyncio.get_event_loop_policy(),
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": str(decimal.getcontext()),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
        "faulthandler": faulthandler.is_enabled(),
    }


def umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def loggers():
    known = [logging.root, *logging.root.manager.loggerDict.values()]
    return {
        each.name: (each.level, list(each.handlers), list(each.filters), each.disabled)
        for each in known
        if isinstance(each, logging.Logger)
    } | {"disabled": logging.root.manager.disable}


def threads_of_libraries():
    return {each["filepath"]: each["num_threads"] for each in threadpoolctl.threadpool_info()}


def plain(state):
    return tuple(each.tobytes() if isinstance(each, np.ndarray) else each for each in state)


def resources(temporary):
    """What a run that is over has given back: processes, threads, files."""
    gc.collect()
    return {
        "children": children(),
        "threads": {each.name for each in threading.enumerate()},
        "files": open_files(),
        "temporary files": sorted(each.name for each in Path(temporary).iterdir()),
    }


def soon(expected, temporary):
    """The resources, once they are as expected; as they are after ten seconds else."""
    end = time.monotonic() + 10
    while (found := resources(temporary)) != expected and time.monotonic() < end:
        time.sleep(0.05)
    return found


def children():
    """Processes that this one has started and that live, but for the tracker."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            status = (each / "stat").read_text().rpartition(")")[2].split()
            command = (each / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if int(status[1]) == os.getpid() and TRACKER not in command:
            # Whether one of the others runs or sleeps at this moment says nothing.
            state = "dead" if status[0] == "Z" else "alive"
            found.append((int(each.name), state, command.replace("\0", " ")[:200]))
    return sorted(found)


def open_files():
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.append(f"{each.name} {os.readlink(each)}")
        except OSError:  # the one that lists the folder
            continue
    return sorted(each for each in found if "/proc/" not in each)
