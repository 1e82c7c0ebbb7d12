"""The code in ``docs/writing-a-plugin.md`` runs, and its components keep their contracts."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from hpmkd import Registry
from hpmkd.testing import FuserSuite, StageSuite
from hpmkd.testing.students import known_student

GUIDE = Path(__file__).parents[2] / "docs" / "writing-a-plugin.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)


def example(name):
    """Import the block of the guide that defines a name, as the module of a plugin."""
    (source,) = (block for block in BLOCKS if re.search(rf"^(class|def) {name}\b", block, re.M))
    module = sys.modules[f"guide_{name}"] = ModuleType(f"guide_{name}")  # so that it pickles
    exec(compile(source, f"{GUIDE.name}: {name}", "exec"), vars(module))
    module.source = source
    return module


STAGE, FUSER = example("DiscriminantStage"), example("MedianFuser")


class TestStage(StageSuite):
    @pytest.fixture
    def stage(self):
        return STAGE.DiscriminantStage()


class TestFuser(FuserSuite):
    @pytest.fixture
    def fuser(self):
        return FUSER.MedianFuser()


def test_the_stage_has_25_lines():
    (found,) = (each for each in ast.parse(STAGE.source).body if isinstance(each, ast.ClassDef))
    lines = ast.get_source_segment(STAGE.source, found).splitlines()
    assert len([line for line in lines if line.strip()]) == 25


def test_they_are_offered():
    registry = Registry()
    registry.add("stage", STAGE)
    registry.add("fuser", FUSER)
    registry.require_sound()
    assert registry.offers("stage")["discriminant"].create().complexity == 0
    assert list(registry.offers("fuser")) == ["median"]


def test_the_command_prints_the_columns(tmp_path):
    registry, group = Registry(), click.Group()
    registry.add("columns", example("hpmkd_commands"))
    registry.add_commands(group)
    known_student("tree", "wine", False).save(tmp_path / "s.hpmkd")
    done = CliRunner().invoke(group, ["columns", str(tmp_path / "s.hpmkd")])
    assert done.output.splitlines() == [f"column {j}" for j in range(6)]
