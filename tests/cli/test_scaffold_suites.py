"""What ``hpmkd plugin new`` writes works: each component passes the tests written with it.

They are collected from here, in this process: twelve of their own would take a minute.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

import pytest

import hpmkd
from hpmkd.cli.scaffold.distribution import write_distribution
from hpmkd.cli.scaffold.kinds import KINDS
from hpmkd.cli.scaffold.names import PluginNames

PLUGINS = {}


def written_with(kind, folder):
    """Write a distribution; import it and its tests; return these and their fixtures by name."""
    names = PluginNames.parse(f"new-{kind}", kind)
    write_distribution(names, folder / kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / kind / "src")
        place = folder / kind / "tests" / f"test_{kind}.py"
        spec = importlib.util.spec_from_file_location(f"{names.module}_tests", place)
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        PLUGINS[kind] = importlib.import_module(names.module)
    own = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    assert any(name.lower().startswith("test") for name in own)
    return own


with tempfile.TemporaryDirectory() as written:
    for each in KINDS:
        globals().update(written_with(each, Path(written)))


def test_all_of_them_take_part_in_one_run(cancer, tmp_path):
    X, y = cancer
    kinds = ("sampler", "fuser", "scheduler", "augmenter", "memory", "cache", "executor")
    chain = [{"stage": "new-stage"}, {"stage": "tree", "transfer": "new-transfer"}]
    recipe = {
        **{kind: {"name": f"new-{kind}"} for kind in kinds},
        "stages": {"new-stage": {}, "tree": {}},
        "chain": chain,
    }
    profile = tmp_path / "run.pstats"
    settings = {
        "sampler.trials": 4,
        "split.folds": 2,
        "front.size": 0,
        "memory.folder": str(tmp_path / "memory"),
        "cache.folder": str(tmp_path / "cache"),
        "executor.path": str(profile),
    }
    found = hpmkd.distill(
        X[:300, :6],
        y[:300],
        teacher="new-teacher",
        recipe=recipe,
        settings=settings,
        observers=[each for kind, each in PLUGINS.items() if kind != "command"],
    )
    assert not [trial.failure for trial in found.trials if trial.failure]
    stages = {trial.configuration.stage for trial in found.trials}
    assert stages == {"new-stage", "tree"}
    transfers = {
        trial.configuration.after.transfer for trial in found.trials if trial.configuration.after
    }
    assert transfers == {"new-transfer"}
    assert len(list((tmp_path / "memory").glob("*.json"))) == 1
    assert list((tmp_path / "cache").glob("*.npy"))
    assert profile.stat().st_size > 0
