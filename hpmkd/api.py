"""The Python interface: ``hpmkd.distill`` and ``hpmkd.load``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from hpmkd.data.columns import ANY, ColumnChoice
from hpmkd.data.given_rows import GivenRows
from hpmkd.data.probabilities import given_probabilities
from hpmkd.data.seeds import Seeds, as_seed
from hpmkd.engine.run import HPMDistiller
from hpmkd.errors import DataError, LimitsError, RecipeError, RunFolderError
from hpmkd.execution.process_state import preserve_process_state
from hpmkd.knowledge.panels import resolve_teachers
from hpmkd.knowledge.teachers import CloneableTeacher, FittedTeacher, GivenTeacher, Teacher
from hpmkd.progress import Shown, view_of
from hpmkd.recipe.metric import parse_metric
from hpmkd.recipe.recipe import Recipe, read_limits
from hpmkd.registry.registry import Registry
from hpmkd.runs.checkpoint import RunCheckpoint
from hpmkd.runs.checkpoint_folder import FolderState, recover, state_of
from hpmkd.runs.result import Distillation

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.data.dataset import Dataset

#: How a run folder calls the three kinds of teacher.
CROSS_FITTED = "cross-fitted"
KINDS = {
    CloneableTeacher: CROSS_FITTED,
    FittedTeacher: "a fitted model",
    GivenTeacher: "given probabilities",
}


def distill(
    X: Any,
    y: Any,
    *,
    teacher: Any = None,
    X_test: Any = None,
    y_test: Any = None,
    X_unlabeled: Any = None,
    sample_weight: Any = None,
    sample_weight_test: Any = None,
    class_weight: Any = None,
    recipe: str | os.PathLike[str] | Mapping[str, Any] | Recipe = "hpm",
    settings: Mapping[str, Any] | None = None,
    student: str | None = None,
    seed: int = 0,
    workers: int | None = None,
    disable: str | Iterable[str] = (),
    observers: Iterable[object] = (),
    cache: Cache | None = None,
    limits: Mapping[str, Any] | None = None,
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
    metric: str | Mapping[str, Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Shown = "auto",
) -> Distillation:
    """Distil teachers into small students, and judge whether it paid.

    Prints nothing (in a notebook it shows its progress), keeps no global state, and starts
    processes only if the recipe's executor does; the first time on a machine, one more compiles
    kernels meanwhile.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d), mapping of columns, or list of mappings
        Raw rows: numbers, booleans, strings, categories, missing values, in any mix.
    y : array-like of shape (n,), or str
        Labels of any one type, or the name of their column in `X`; 2 to 50 classes.
    teacher : classifier, array-like of shape (n, K), str, or a list or dict of these, optional
        An unfitted scikit-learn classifier is cross-fitted. A fitted one, and a matrix of
        probabilities (columns in the sorted order of the classes, or a frame with columns
        named as the classes), are used as they are: their model should never have seen
        these rows. A string names a panel, a skops file, or ``package.module:factory``.
        By default the recipe's panel.
    X_test, y_test : like `X` and `y`, optional
        Rows to measure on; by default a share of `X` is held out. If `y` is the name of
        a column, so is `y_test` by default. Columns are matched with those of `X` by name.
    X_unlabeled : DataFrame or array-like of shape (m, d), optional
        Further rows without labels: the teachers label them, the students learn from them
        too. No test rows belong here. The recipe's augmenter is then not used.
    sample_weight, sample_weight_test : array-like of shape (n,), or str, optional
        How much each row counts, finite and >= 0, in training, in every choice, and in what is
        measured; or the name of a column in `X`, and in `X_test`. Only ratios matter: weights are
        divided by their mean. A row of weight 0 is left out.
    class_weight : "balanced", or mapping of label to number, optional
        How much each class counts in training and in every choice, times `sample_weight`;
        "balanced" makes all classes count the same. Test rows are measured without it.
    recipe : str, path, mapping or Recipe
        Name of a shipped recipe, a TOML file, or the content of such a file.
    settings : mapping, optional
        Dotted overrides of the recipe, e.g. ``{"sampler.trials": 2}``. With
        ``{"memory": "none"}`` the run neither uses nor keeps what is learned from data set
        to data set; with ``{"cache": "memory"}`` it neither reads nor writes what teachers
        predicted in other runs.
    student : str, optional
        Only this stage runs.
    seed : int
        Non-negative. The same seed, data and recipe give the same student, bit for bit, as
        long as no run on other data has added to the memory.
    workers : int, optional
        Worker processes; 1 is this process. By default as the recipe says.
    disable : str or iterable of str
        Plugins to leave out; they are not even imported.
    observers : iterable of object
        Objects with ``hpmkd.hookimpl`` methods, called as the run advances.
    cache : Cache, optional
        Shared between runs, instead of the recipe's: that keeps what teachers predict in
        files of the user's cache folder, so that a later run on the same data calls none.
    limits : mapping, optional
        Limits that the student must keep, any of ``max_size`` (bytes, or ``"50KB"``),
        ``max_latency`` (microseconds per row, or ``"2us"``) and ``min_retention`` (of the
        teacher's accuracy, on the selection rows).
    drop, keep : iterable of str, optional
        Columns of a frame to leave out, and to keep. By itself a run leaves out what never
        changes, row numbers, identifiers and text of which nearly every row has its own, with a
        DataWarning; the student does not need these columns.
    metric : str or mapping, optional
        What chooses the student on the selection rows and judges it on the test rows:
        ``"log_loss"``, ``"brier"``, ``"auc"``, ``"average_precision"``, ``"accuracy"``, ``"f1"``,
        ``"cost=FILE"`` (a CSV: row = true class, column = named class), or the same costs as
        ``{"name": "cost", "classes": […], "costs": [[…], …]}``. By default as the recipe says: log
        loss, by which students are fitted anyway.
    journal : path, optional
        A folder that stores everything as soon as it is finished, with the best student so
        far (``best.hpmkd``). If a run was stopped, the same call resumes it and ends as it
        would have; what is finished is not done again. ``found.save(folder)`` takes its place.
    progress : "auto" or bool
        Whether to show how far the run is: below the cell in a notebook (bars, with ipywidgets),
        else on stderr. By default in a notebook alone.

    Returns
    -------
    Distillation
        Student, leaderboard, knowledge, verdict, counts.

    Raises
    ------
    HpmkdError
        One of its subclasses, saying what was got, what was expected and what to do. A
        LimitsError, where no student keeps the limits, has the run as its ``distillation``.

    Examples
    --------
    >>> import hpmkd
    >>> from sklearn.datasets import load_wine
    >>> found = hpmkd.distill(*load_wine(return_X_y=True), student="logistic")
    >>> found.student.predict_proba(load_wine().data[:1]).shape
    (1, 3)
    """
    seed, view = as_seed(seed), view_of(progress)
    _check_cache(cache)
    prepared = _read(recipe).with_options(settings, student, workers)
    if limits is not None:
        prepared = structs.replace(prepared, limits=read_limits(limits))
    if metric is not None:
        prepared = structs.replace(prepared, metric=parse_metric(metric))
    registry = Registry.installed([disable] if isinstance(disable, str) else disable)
    for at, observer in enumerate(observers):
        registry.add(f"observer-{at}", observer)
    registry.require_sound()
    if view is not None:
        registry.add("progress", view)
    checkpoint = _checkpoint(journal, registry)
    try:
        with view or contextlib.nullcontext():
            found = run(
                prepared,
                registry,
                X,
                y,
                X_test,
                y_test,
                X_unlabeled=X_unlabeled,
                sample_weight=sample_weight,
                sample_weight_test=sample_weight_test,
                class_weight=class_weight,
                teacher=teacher,
                seed=seed,
                cache=cache,
                checkpoint=checkpoint,
                columns=ColumnChoice(_names("drop", drop), _names("keep", keep)),
            )
    finally:
        checkpoint.close()
    if unmet := found.unmet():
        raise LimitsError(unmet, found)
    return found


@preserve_process_state()
def run(
    recipe: Recipe,
    registry: Registry,
    X: Any,
    y: Any,
    X_test: Any = None,
    y_test: Any = None,
    *,
    X_unlabeled: Any = None,
    sample_weight: Any = None,
    sample_weight_test: Any = None,
    class_weight: Any = None,
    teacher: Any = None,
    seed: int = 0,
    cache: Cache | None = None,
    checkpoint: RunCheckpoint | None = None,
    columns: ColumnChoice = ANY,
    source: str | None = None,
) -> Distillation:
    """Distil with a recipe and a registry that are made already; see :func:`distill`.

    Finished results go to `checkpoint`, which its maker closes. `source` is what the data are
    called in a report.
    """
    from hpmkd.recipe.resolve import resolve

    own_panel = resolve(recipe, registry).teacher
    rows = GivenRows(X, y, X_test, y_test, sample_weight, sample_weight_test, class_weight, columns)
    seeds, dataset = Seeds.spawn(seed), rows.dataset
    teachers = resolve_teachers(teacher, own_panel, registry, dataset.facts, seeds.teachers)
    training, test = rows.divided(recipe.split.test_size, seeds.test)
    teachers = [_divided(each, training, test, X_test is not None) for each in teachers]
    distiller = HPMDistiller(recipe, registry, seed, cache, checkpoint or RunCheckpoint())
    found = distiller.distill(training, test, teachers, X_unlabeled, teacher is not None)
    facts = {
        **found.facts,
        "given": {
            "teachers": teacher is not None,
            "test": X_test is not None,
            "unlabeled": X_unlabeled is not None,
            "weights": sample_weight is not None,
            "drop": list(columns.drop),
            "keep": list(columns.keep),
        },
        "data": source,
        "target": y if isinstance(y, str) else None,
        "left_out": list(dataset.left_out),
        "weights": sample_weight if isinstance(sample_weight, str) else None,
        "class_weight": _plain(class_weight),
        "teachers": {each.name: KINDS[type(each)] for each in teachers},
        "plugins": {each.name: each.source for each in registry.plugins if each.offers},
    }
    if checkpoint is None:
        return replace(found, facts=facts)
    return replace(found, facts=facts, journal=checkpoint.folder, kept=len(checkpoint.journal))


def load(path: str | os.PathLike[str]) -> Distillation:
    """Read a run folder; nothing in it is executed.

    Raises
    ------
    StudentFileError
        If it is not a run folder, or is damaged.
    """
    return Distillation.load(Path(path))


def _checkpoint(journal: str | os.PathLike[str] | None, registry: Registry) -> RunCheckpoint:
    """Open the folder that stores finished results, if there is one."""
    if journal is None:
        return RunCheckpoint()
    if not isinstance(journal, (str, os.PathLike)):
        raise RecipeError(f"journal: got {type(journal).__name__}; expected the path of a folder")
    folder = Path(journal)
    recover(folder)
    if state_of(folder) is FolderState.FINISHED:
        raise RunFolderError(
            f"journal: {folder} is complete: hpmkd.load({str(folder)!r}) gives its result; name "
            "another folder for a new run"
        )
    return RunCheckpoint(folder, on_note=lambda note: registry.notify("hpmkd_noted", note=note))


def _names(option: str, names: Any) -> tuple[str, ...]:
    if isinstance(names, str):
        raise DataError(f"{option}: got the text {names!r}; expected names: {option}=[{names!r}]")
    return tuple(map(str, names))


def _check_cache(cache: Any) -> None:
    # Otherwise it would fail only when the teachers predict.
    from hpmkd.contracts import Cache

    # A class has the methods of its instances.
    if cache is None or (isinstance(cache, Cache) and not isinstance(cache, type)):
        return
    got = f"the class {cache.__name__}" if isinstance(cache, type) else type(cache).__name__
    raise RecipeError(
        f"cache: got {got}; expected None or an object with get_or_compute and stats "
        "(hpmkd.contracts.Cache). Whether a run keeps a cache on disk is a setting: "
        "settings={'cache': 'memory'} has none there"
    )


def _read(source: Any) -> Recipe:
    if isinstance(source, Mapping):
        return Recipe.from_mapping(source)
    if not isinstance(source, (str, os.PathLike, Recipe)):
        raise RecipeError(
            f"recipe: got {type(source).__name__}; expected a name, a TOML file, a mapping or a "
            "Recipe"
        )
    return Recipe.load(source)


def _divided(teacher: Teacher, training: Dataset, test: Dataset, apart: bool) -> Teacher:
    """Take the rows that count out of given probabilities.

    They are of all rows of a table; `apart`, training and test rows are of two.
    """
    if not isinstance(teacher, GivenTeacher) or (teacher.test is not None and not apart):
        return teacher
    of_test = teacher.test if apart else teacher.training
    taken = (
        _taken(teacher.name, *both) for both in ((teacher.training, training), (of_test, test))
    )
    return GivenTeacher(teacher.name, *taken)


def _taken(name: str, probabilities: Any, rows: Dataset) -> Any:
    if probabilities is None or rows.at is None:
        return probabilities
    what = f"teacher {name!r}: probabilities"
    return given_probabilities(probabilities, rows.classes, rows.whole.shape[0], what)[rows.at]


def _plain(class_weight: Any) -> Any:
    """Return weights of classes as JSON knows them."""
    if not isinstance(class_weight, Mapping):
        return class_weight
    return {str(label): float(weight) for label, weight in class_weight.items()}
