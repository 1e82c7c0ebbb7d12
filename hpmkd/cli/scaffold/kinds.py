"""The kinds of plugin that can be started, and what the component of each template does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of plugin.

    Parameters
    ----------
    summary : str
        What the component of the template does, as the end of a sentence.
    use : str
        A command that uses it; ``$name`` stands for its name.
    contract : str
        Its protocol in :mod:`hpmkd.contracts`, which ends the name of its class; empty for a
        command.
    requires : tuple of str
        What it imports beside hpmkd. These are dependencies of hpmkd too, which bounds them.
    """

    summary: str
    use: str
    contract: str
    requires: tuple[str, ...] = ("numpy",)


DISTILL = "hpmkd distill data.csv --target y --out runs/$name"

KINDS: Mapping[str, Kind] = {
    "stage": Kind(
        "linear discriminants, fitted on soft labels", f"{DISTILL} --student $name", "Stage"
    ),
    "fuser": Kind(
        "teachers weighed by how well they predict rows that they have not seen",
        f"{DISTILL} --set fuser.name=$name",
        "Fuser",
        ("numpy", "msgspec"),
    ),
    "sampler": Kind(
        "stages take turns: what is remembered, the defaults, then random draws",
        f"{DISTILL} --set sampler.name=$name",
        "Sampler",
        ("numpy", "msgspec"),
    ),
    "scheduler": Kind(
        "the teacher steps back as the student catches up",
        f"{DISTILL} --set scheduler.name=$name",
        "Scheduler",
        ("msgspec",),
    ),
    "transfer": Kind(
        "the stage before counts where it agrees with the teacher",
        f"{DISTILL} --set "
        """'chain=[{stage="xgboost"}, {stage="tree", transfer="$name", after="xgboost"}]'""",
        "Transfer",
        ("numpy", "msgspec"),
    ),
    "augmenter": Kind(
        "real rows, drawn again, with a little noise",
        f"{DISTILL} --set augmenter.name=$name",
        "Augmenter",
        ("numpy", "pandas", "msgspec"),
    ),
    "teacher": Kind(
        "extremely randomised trees and a logistic regression",
        f"{DISTILL} --teacher $name",
        "TeacherPanel",
        ("numpy", "pandas", "scikit-learn", "msgspec"),
    ),
    "memory": Kind(
        "a JSON file per data set, in a folder that may be shared",
        f"{DISTILL} --set memory.name=$name",
        "Memory",
        ("platformdirs",),
    ),
    "cache": Kind(
        "arrays in a folder, which several machines may share",
        f"{DISTILL} --set cache.name=$name",
        "Cache",
        ("numpy", "platformdirs"),
    ),
    "executor": Kind(
        "tasks in this process, under Python's profiler",
        f"{DISTILL} --executor $name",
        "Executor",
        (),
    ),
    "exporter": Kind(
        "the coefficients of a linear student as CSV",
        "hpmkd export runs/mine --student logistic --to $name",
        "Exporter",
        (),
    ),
    "command": Kind(
        "how often two students agree",
        "hpmkd $name runs/old/student.hpmkd runs/new/student.hpmkd data.csv",
        "",
        ("numpy", "pandas", "click"),
    ),
}
