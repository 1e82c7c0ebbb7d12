"""Tests of a package are in the folder of its name; few folders are about more than one package."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What these folders test belongs to no single package.
OF_THE_WHOLE = {
    "architecture",
    "distributions",
    "examples",
    "docs",
    "embedding",
    "end_to_end",
    "faults",
    "plugins",
    "resume",
    "third_party",
}


def folders(parent):
    """Names of the folders with Python files, at any depth."""
    return {file.relative_to(parent).parts[0] for file in parent.glob("*/**/*.py")}


def test_every_folder_of_tests_is_named_after_what_it_tests():
    hpmkd = ROOT / "hpmkd"
    modules = {file.stem for file in hpmkd.glob("*.py")}
    assert folders(ROOT / "tests") - folders(hpmkd) - modules == OF_THE_WHOLE


def test_every_folder_of_plugin_tests_is_named_after_the_plugins():
    assert folders(ROOT / "tests" / "plugins") <= folders(ROOT / "plugins" / "hpmkd_defaults")
