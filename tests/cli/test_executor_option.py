"""``--executor NAME``: a shortcut for the name of the recipe's executor."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.cli.options import run_options


@pytest.fixture
def chosen():
    """``chosen("--executor", "loky", …)``: the executor of the recipe with these options."""
    read = []

    @click.command()
    @run_options
    def command(plan, **_):
        read.append(plan.read().executor)

    def call(*arguments):
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return read[-1].name, dict(read[-1].settings)

    return call


def test_it_names_the_executor(chosen):
    assert chosen() == ("serial", {})
    assert chosen("--executor", "dask") == ("dask", {})


def test_settings_and_workers_are_those_of_the_named_executor(chosen):
    address = "--set=executor.address=tcp://10.0.0.1:8786"
    there = {"address": "tcp://10.0.0.1:8786"}
    assert chosen("--executor", "dask", address) == ("dask", there)
    assert chosen(address, "--executor", "dask", "--workers", "3") == (
        "dask",
        {**there, "workers": 3},
    )
    assert chosen("--executor", "dask", "--workers", "1") == ("dask", {"workers": 1})


def test_settings_of_the_former_executor_are_gone(chosen, tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[executor]\nname = "loky"\nworkers = 7\n', "utf-8")
    at = ("--recipe", str(recipe))
    assert chosen(*at) == ("loky", {"workers": 7})
    assert chosen(*at, "--executor", "dask") == ("dask", {})
    assert chosen(*at, "--executor", "loky") == ("loky", {"workers": 7})


@pytest.mark.parametrize("name", ["dask", "cluster"])
def test_an_unknown_name_is_told_what_there_is_and_what_to_install(name, people, tmp_path):
    people.to_csv(tmp_path / "people.csv", index=False)
    command = ["distill", str(tmp_path / "people.csv"), "--target", "bought", "--quiet"]
    command += ["--out", str(tmp_path / "run"), "--executor", name]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 2
    assert f"executor.name: no executor is called {name!r}" in result.stderr
    assert "Known: loky, serial" in result.stderr
    assert "dask comes with: pip install hpmkd-dask" in result.stderr
    assert not (tmp_path / "run").exists()
