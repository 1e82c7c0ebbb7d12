"""What executors, third-party ones too, use: shared data, retries, threads, process trees."""

from hpmkd.execution.process_tree import descendants
from hpmkd.execution.toolkit.portable import portable_exception
from hpmkd.execution.toolkit.retries import LostTasks
from hpmkd.execution.toolkit.sharing import PROTOCOL, Names, pack, size_of_piece, unpack
from hpmkd.execution.toolkit.threads import (
    WORKER_ENVIRONMENT,
    blas_threads,
    libraries,
    restore_blas_threads,
)

__all__ = [
    "PROTOCOL",
    "WORKER_ENVIRONMENT",
    "LostTasks",
    "Names",
    "blas_threads",
    "descendants",
    "libraries",
    "pack",
    "portable_exception",
    "restore_blas_threads",
    "size_of_piece",
    "unpack",
]
