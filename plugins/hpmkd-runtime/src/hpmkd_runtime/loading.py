"""Finds the student that a path names."""

from __future__ import annotations

import os

from hpmkd_runtime.errors import StudentFileError
from hpmkd_runtime.student.student import Student

#: The student that ships, in the folder of a run.
SHIPPED = "student.hpmkd"


def load(path: str | os.PathLike[str]) -> Student:
    """Read a student; nothing in its file is executed.

    Parameters
    ----------
    path : path-like
        A ``.hpmkd`` file, or the folder of a run, of which it is the student that ships.

    Raises
    ------
    StudentFileError
        There is none, or it is damaged or of a newer format.
    """
    place = os.fspath(path)
    if not os.path.isdir(place):
        return Student.load(place)
    shipped = os.path.join(place, SHIPPED)
    if not os.path.lexists(shipped):
        raise StudentFileError(
            f"{place!r} is a folder without {SHIPPED}; pass a .hpmkd file, or the folder that "
            "hpmkd distill --out wrote"
        )
    return Student.load(shipped)
