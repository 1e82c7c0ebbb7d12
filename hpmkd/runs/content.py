"""Content of a run folder: which part of a run is in which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hpmkd.data.csv_cells import escape_cells
from hpmkd.errors import RecipeError, StudentFileError
from hpmkd.evaluation.gates import Gate
from hpmkd.evaluation.leaderboard import ModelRecord
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.verdict import Verdict
from hpmkd.knowledge.fusion import Knowledge
from hpmkd.recipe.recipe import Recipe
from hpmkd.runs.checkpoint_folder import BEST, JOURNAL_FILES
from hpmkd.runs.folder import (
    FRONT,
    load_front,
    load_students,
    read_json,
    student_path,
    write_json,
)
from hpmkd.runs.optuna_study import write_study
from hpmkd.student import Student
from hpmkd.training.ensemble import ENSEMBLE

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

FORMAT = 1
EVIDENCE = "evidence.json"
#: Names of all files and folders of a run, also of one in progress.
NAMES = frozenset(
    {
        "student.hpmkd",
        "students",
        "leaderboard.csv",
        "leaderboard.json",
        "verdict.json",
        "counts.json",
        "knowledge.json",
        EVIDENCE,
        FRONT,
        "trials.json",
        "study.log",
        "run.json",
        "recipe.toml",
        BEST,
        *JOURNAL_FILES,
    }
)


def write_content(found: Distillation, folder: Path) -> None:
    """Write every file of a run.

    Parameters
    ----------
    found : Distillation
        The run.
    folder : Path
        An empty folder.
    """
    (folder / "student.hpmkd").write_bytes(found.student.to_bytes())
    (folder / "students").mkdir()
    for name, student in {**found.students, **found.further}.items():
        student_path(folder, name).write_bytes(student.to_bytes())
    if isinstance(found.ensemble, Student):
        student_path(folder, ENSEMBLE).write_bytes(found.ensemble.to_bytes())
    escape_cells(found.leaderboard).to_csv(folder / "leaderboard.csv", index=False)
    write_json(folder / "leaderboard.json", [asdict(record) for record in found.records])
    write_json(folder / "verdict.json", found.verdict.to_mapping())
    write_json(folder / "counts.json", found.counts)
    write_json(folder / "knowledge.json", found.knowledge.to_mapping())
    if found.evidence is not None:
        write_json(folder / EVIDENCE, found.evidence.to_mapping())
    write_json(folder / FRONT, [asdict(each) for each in found.front])
    write_json(folder / "trials.json", [dict(each) for each in found.history])
    write_study(folder / "study.log", found.history)
    gates = [asdict(gate) for gate in found.gates]
    more = {"format": FORMAT, "chosen": found.chosen, "gates": gates}
    write_json(folder / "run.json", {**found.facts, **more})
    (folder / "recipe.toml").write_text(found.recipe.to_toml(), "utf-8")


def is_content(path: Path, folder: Path) -> bool:
    """Whether a path is that of one of a run's own files, whatever links lead there."""
    own, place = path.resolve(), folder.resolve()
    return own.is_relative_to(place) and bool(NAMES & {*own.relative_to(place).parts[:1]})


def read_content(folder: Path) -> dict[str, Any]:
    """Read the files of a run; nothing in them is executed.

    Parameters
    ----------
    folder : Path
        That :func:`write_content` wrote.

    Returns
    -------
    dict
        Of the parameters of a :class:`~hpmkd.runs.result.Distillation`, those that are kept.

    Raises
    ------
    StudentFileError
        If it is not a run folder, is damaged, or is of a newer version.
    """
    facts = read_json(folder / "run.json", dict)
    if facts.get("format") != FORMAT:
        raise StudentFileError(
            f"{folder} has run format {facts.get('format')!r}; this hpmkd reads {FORMAT}: "
            "pip install --upgrade hpmkd"
        )
    try:
        return {**_parts(folder, facts), **_students(folder, facts)}
    except KeyError as error:
        problem = f"the entry {error} is missing"
        raise StudentFileError(f"{folder} is no intact run folder: {problem}") from error
    except (TypeError, RecipeError, msgspec.ValidationError) as error:
        raise StudentFileError(f"{folder} is no intact run folder: {error}") from error


def _parts(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    evidence = None
    if (folder / EVIDENCE).exists():
        evidence = RowDetails.from_mapping(read_json(folder / EVIDENCE, dict))
    return {
        "chosen": facts["chosen"],
        "records": tuple(map(ModelRecord.read, read_json(folder / "leaderboard.json", list))),
        "knowledge": Knowledge.from_mapping(read_json(folder / "knowledge.json", dict)),
        "verdict": Verdict.from_mapping(read_json(folder / "verdict.json", dict)),
        "counts": read_json(folder / "counts.json", dict),
        "recipe": Recipe.load(str(folder / "recipe.toml")),
        "facts": facts,
        "gates": tuple(Gate(**each) for each in facts["gates"]),
        # Folders of versions without a race do not record who lost it.
        "recorded": tuple(
            {**each, "worse_by": each.get("worse_by")}
            for each in read_json(folder / "trials.json", list)
        ),
        "evidence": evidence,
    }


def _students(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the students by kind: of a stage, the ensemble, or of the front alone."""
    students = load_students(folder, facts["chosen"])
    ensemble, description = students.get(ENSEMBLE), facts["ensemble"]
    # It is there if and only if the run lists it.
    if (ensemble is None) == (description is not None and description["unpacked"] is None):
        raise TypeError(f"students/{ENSEMBLE}.hpmkd is missing, or not of this run")
    front = load_front(folder)
    if missing := {each.name for each in front} - set(students):
        raise StudentFileError(
            f"{folder} is no intact run folder: {FRONT} lists students whose files are missing "
            f"in students/: {', '.join(sorted(missing))}. Take them from a backup, or distil again"
        )
    further = {each.name for each in front if each.role in ("control", "front")}
    if facts["chosen"] != ENSEMBLE:
        further.add(ENSEMBLE)
    return {
        "ensemble": ensemble,
        "students": {name: each for name, each in students.items() if name not in further},
        "front": front,
        "further": {name: each for name, each in students.items() if name in further - {ENSEMBLE}},
    }
