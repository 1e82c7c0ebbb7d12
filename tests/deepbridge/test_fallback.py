"""What runs where a method fails, and what no fallback hides."""

from __future__ import annotations

import errno
import warnings
from pathlib import Path

import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd import AutoDistiller, DBDataset, RecipeError
from hpmkd.deepbridge import auto_distiller
from hpmkd.deepbridge.fallback import may_fall_back
from hpmkd.errors import (
    DataError,
    DataWarning,
    KernelsError,
    LimitsError,
    PluginError,
    RunFolderError,
    TeacherError,
)

FAMILIES = ["LOGISTIC_REGRESSION", "DECISION_TREE"]


@pytest.fixture
def failing(monkeypatch):
    """Return a function that lets recipes fail with an error, and the list of those that ran."""
    distill, ran = hpmkd.distill, []

    def fail(error, recipes=("hpm", "proposal")):
        def other(*arguments, recipe, **options):
            ran.append(recipe.name)
            if recipe.name in recipes:
                raise error
            return distill(*arguments, recipe=recipe, **options)

        monkeypatch.setattr(auto_distiller, "distill", other)
        return ran

    return fail


def results_and_warnings(distiller):
    """Run, and return the frame and the messages of UserWarnings that tell of a fallback."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = distiller.run()
    return frame, [str(each.message) for each in caught if "fallback=False" in str(each.message)]


# ------------------------------------------------------------------------ what falls back


@pytest.mark.parametrize(
    ("method", "fallback"), [("auto", None), ("hpm", True), ("proposal", True), ("hybrid", True)]
)
def test_standard_stands_in_for_a_method_that_fails_and_the_results_say_so(
    made, failing, tmp_path, method, fallback
):
    ran = failing(PluginError("plugin 'x': sampler 'y' failed.\nmore of it"))
    distiller = made("wine", method=method, fallback=fallback, output_dir=tmp_path)
    frame, told = results_and_warnings(distiller)
    name = "proposal" if method == "proposal" else "hpm"
    assert sorted(ran) == sorted([name, "grid"])  # the grid once, also in hybrid
    assert set(frame["method"]) == {"standard"}
    reason = f"{name} failed: PluginError: plugin 'x': sampler 'y' failed"
    assert told == [
        f"{reason}; the method 'standard' takes its place. fallback=False raises the error instead"
    ]
    assert distiller.failures == [reason]
    assert f"{reason}; the results are of another method." in distiller.generate_summary()
    page = Path(distiller.generate_report()).read_text("utf-8")
    assert reason.replace("'", "&#x27;") in page
    assert (tmp_path / "standard").is_dir()
    assert not (tmp_path / name).exists()
    assert distiller.best_model().predict(distiller.division.X_test).shape == (36,)


def test_an_unexpected_error_falls_back_too(made, failing):
    failing(ZeroDivisionError())
    distiller = made("wine")
    _, (told,) = results_and_warnings(distiller)
    assert told.startswith("hpm failed: ZeroDivisionError; ")


def test_a_run_that_succeeds_has_no_failures(hpm):
    assert hpm[0].failures == []
    assert "failed" not in hpm[0].generate_summary()


# --------------------------------------------------------------------------- what does not


@pytest.mark.parametrize(
    ("method", "fallback"), [("auto", False), ("hpm", None), ("proposal", None), ("hybrid", None)]
)
def test_without_a_fallback_the_error_is_raised(made, failing, method, fallback):
    failing(PluginError("broken"))
    with pytest.raises(PluginError, match="broken"):
        made("wine", method=method, fallback=fallback).run()


def test_the_standard_method_has_nothing_to_fall_back_to(made, failing):
    ran = failing(PluginError("broken"), recipes=("grid",))
    with pytest.raises(PluginError, match="broken"):
        made("wine", method="standard", fallback=True).run()
    assert ran == ["grid"]


@pytest.mark.parametrize(
    "error",
    [
        DataError("labels"),
        RecipeError("a name"),
        TeacherError("of yours"),
        RunFolderError("not writable"),
        KernelsError("not there"),
        OSError(errno.ENOSPC, "No space left on device"),
        MemoryError(),
        DataWarning("made an error"),
        KeyboardInterrupt(),
        SystemExit(3),
    ],
)
def test_no_fallback_hides_what_is_not_of_the_method(made, failing, error):
    ran = failing(error)
    with pytest.raises(type(error)):
        made("wine", method="auto").run()
    assert ran == ["hpm"]


def test_what_caused_an_error_counts_as_well():
    error = PluginError("cache failed")
    assert may_fall_back(error)
    error.__cause__ = ValueError("of its own")
    assert may_fall_back(error)
    error.__cause__.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert not may_fall_back(error)


# --------------------------------------------------------------------------------- limits


def run_within(data, limits, method, fallback=None, families=FAMILIES):
    """Return a distiller that ran under limits, its frame, and its words on a fallback."""
    dataset = DBDataset(*data, model=GaussianNB().fit(*data))
    distiller = AutoDistiller(
        dataset,
        output_dir=None,
        n_trials=1,
        max_configs=2,
        method=method,
        multi_teacher=False,
        fallback=fallback,
        limits=limits,
    )
    distiller.customize_config(families, [1.0], [0.5])
    return distiller, *results_and_warnings(distiller)


@pytest.mark.parametrize("method", ["hpm", "standard", "proposal"])
def test_every_student_of_the_results_keeps_the_limits(cancer, method):
    free, _, _ = run_within(cancer, None, method)
    sizes = sorted(each.bytes for each in free.distillation.front)
    assert sizes[0] < sizes[-1]
    distiller, frame, _ = run_within(cancer, {"max_size": sizes[0]}, method)
    assert len(frame)
    for metric, small in (("test_accuracy", False), ("selection_log_loss", True)):
        assert distiller.best_model(metric, small).n_bytes <= sizes[0]
    kept = [each for each in distiller.distillation.front if each.bytes <= sizes[0]]
    assert len(frame) <= len(kept)
    losses = [each.selection_log_loss for each in kept]
    assert frame["selection_log_loss"].min() == pytest.approx(min(losses))


def test_where_no_student_keeps_the_limits_standard_runs_and_may_not_keep_them_either(cancer):
    with pytest.raises(LimitsError, match="no student keeps --max-size 10B"):
        run_within(cancer, {"max_size": 10}, "hpm")
    with pytest.raises(LimitsError) as caught:
        run_within(cancer, {"max_size": 10}, "auto")
    assert caught.value.distillation.recipe.name == "grid"


def test_a_run_whose_students_break_the_limits_is_counted(cancer, monkeypatch):
    distill, broken = hpmkd.distill, []

    def strict(*arguments, recipe, **options):
        found = distill(*arguments, recipe=recipe, **options)
        if recipe.name == "hpm":
            broken.append(found)
            raise LimitsError("no student keeps --max-latency 1us. Of 9 trials, 9 break it", found)
        return found

    monkeypatch.setattr(auto_distiller, "distill", strict)
    distiller, frame, (told,) = run_within(cancer, {"max_latency": "1s"}, "auto")
    assert told.startswith("hpm failed: LimitsError: no student keeps --max-latency 1us")
    assert set(frame["method"]) == {"standard"}
    own = distiller.distillation
    assert distiller.counts["models_trained"] == broken[0].models_trained + own.models_trained


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("50KB", "limits: got '50KB'; expected a table"),
        ({"size": 5}, "limits"),
        ({"max_size": "wide"}, r"limits\.max_size: got 'wide'"),
    ],
)
def test_limits_that_are_none_are_refused_at_once(wine, limits, message):
    with pytest.raises(RecipeError, match=message):
        AutoDistiller(DBDataset(*wine), output_dir=None, limits=limits)


def test_a_switch_that_is_none_is_refused(wine):
    with pytest.raises(RecipeError, match="fallback: got 'never'; expected True or False"):
        AutoDistiller(DBDataset(*wine), output_dir=None, fallback="never")
