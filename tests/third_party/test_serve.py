"""Installed, plugins/hpmkd-serve adds a command; without it, an error has what to type."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

SERVE = ["hpmkd-serve"]


def test_it_is_listed_and_loads_nothing_heavy(listed, run):
    plugins, clashes = listed(SERVE)
    assert clashes == []
    assert plugins["serve"]["source"] == "hpmkd-serve 0.1.0"
    assert plugins["serve"]["status"] == "active"
    script = "import sys; from hpmkd import Registry; Registry.installed().require_sound(); "
    assert run(SERVE, "-c", script + "print('fastapi' in sys.modules)").out == "False\n"


def test_its_help_has_an_example(run):
    done = run(SERVE, "-m", "hpmkd", "serve", "--help")
    assert done.code == 0
    assert "hpmkd serve runs/adult" in done.out
    assert "  serve " in run(SERVE, "-m", "hpmkd", "--help").out


def test_without_it_the_command_line_says_what_to_install(run):
    done = run([], "-m", "hpmkd", "serve", "runs/adult", HPMKD_DISABLE="serve")
    assert done.code == 2
    assert "serve comes with: pip install hpmkd-serve" in done.err


def test_without_fastapi_it_says_what_to_install(run, tmp_path):
    (tmp_path / "fastapi.py").write_text("raise ImportError(name='fastapi')")
    script = "import sys; sys.path.insert(0, '.'); from hpmkd.cli import main; "
    script += "sys.argv[1:] = ['serve', 'run']; main()"
    done = run(SERVE, "-c", script)
    assert done.code == 4
    assert "hpmkd serve needs fastapi, which is not installed" in done.err
    assert "pip install hpmkd-serve" in done.err
