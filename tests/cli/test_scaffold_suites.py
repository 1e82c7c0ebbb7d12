"""What ``hpmkd plugin new`` writes works: each component passes the tests written with it.

They are collected from here, in this process: twelve of their own would take a minute.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

import pytest

from hpmkd.cli.scaffold.distribution import write_distribution
from hpmkd.cli.scaffold.kinds import KINDS
from hpmkd.cli.scaffold.names import PluginNames


def written_with(kind, folder):
    """Write a distribution and import its tests; return them, and their fixtures, by name."""
    names = PluginNames.parse(f"new-{kind}", kind)
    write_distribution(names, folder / kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / kind / "src")
        place = folder / kind / "tests" / f"test_{kind}.py"
        spec = importlib.util.spec_from_file_location(f"{names.module}_tests", place)
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    own = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    assert any(name.lower().startswith("test") for name in own)
    return own


with tempfile.TemporaryDirectory() as written:
    for each in KINDS:
        globals().update(written_with(each, Path(written)))
