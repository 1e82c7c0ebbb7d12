from __future__ import annotations

import inspect

import pytest

import hpmkd

NAMES = (
    "distill",
    "load",
    "export",
    "DataWarning",
    "AutoDistiller",
    "DBDataset",
    "ExperimentRunner",
    "Distillation",
    "HPMDistiller",
    "DataError",
    "ExportError",
    "HpmkdError",
    "LimitsError",
    "PluginError",
    "RecipeError",
    "RunFolderError",
    "StudentFileError",
    "TeacherError",
    "DistilledClassifier",
    "hookimpl",
    "Choice",
    "Recipe",
    "PluginWarning",
    "Registry",
    "Student",
    "CloneableTeacher",
    "FittedTeacher",
    "GivenTeacher",
    "Configuration",
    "Offer",
    "Trial",
    "Verdict",
)


def test_the_public_names_are_these():
    assert hpmkd.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(hpmkd, name)
    assert inspect.getdoc(value)
    assert name in dir(hpmkd)


def test_star_imports_what_is_public(in_fresh_process):
    assert in_fresh_process("from hpmkd import *; print(distill.__name__)") == "distill"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hpmkd' has no attribute 'distil'"):
        hpmkd.distil  # noqa: B018


def test_errors_have_exit_codes_of_their_own():
    errors = [
        hpmkd.DataError,
        hpmkd.RecipeError,
        hpmkd.PluginError,
        hpmkd.TeacherError,
        hpmkd.StudentFileError,
        hpmkd.RunFolderError,
        hpmkd.ExportError,
    ]
    assert [error.exit_code for error in errors] == [3, 2, 4, 5, 6, 7, 8]
    assert all(issubclass(error, hpmkd.HpmkdError) for error in errors)


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert hpmkd.__version__ == version("hpmkd")
