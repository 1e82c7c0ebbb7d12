import pytest
from click.testing import CliRunner
from numba import config

from hpmkd.cli import cli
from hpmkd.kernels import packed, warming


def test_it_says_what_it_does_how_long_it_took_and_where(monkeypatch, tmp_path):
    done = []
    steps = [("rows", lambda: done.append("rows")), ("tables", lambda: done.append("tables"))]
    monkeypatch.setattr(warming, "steps", lambda: iter(steps))
    monkeypatch.setattr(warming, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path.parent))
    result = CliRunner().invoke(cli, ["warm"])
    assert result.exit_code == 0, result.output
    assert done == ["rows", "tables"]
    answering = f"students predict with {packed.backend_name()} kernels"
    assert result.stderr.splitlines() == [answering, "[1/2] rows", "[2/2] tables"]
    assert result.stdout.startswith("all kernels are ready after ")
    assert str(tmp_path) in result.stdout


def test_a_folder_that_was_not_used_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(warming, "steps", lambda: iter([]))
    monkeypatch.setattr(warming, "cache_folder", lambda: tmp_path / "__pycache__")
    monkeypatch.setattr(config, "CACHE_DIR", "/proc/nope")
    result = CliRunner().invoke(cli, ["warm"])
    assert result.exit_code == 0
    assert "NUMBA_CACHE_DIR=/proc/nope cannot be written" in result.stderr
    assert "__pycache__" in result.stdout


@pytest.mark.parametrize("wished", ["", "kernels"])
def test_no_wish_and_a_granted_one_are_not_told(wished, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "CACHE_DIR", wished)
    monkeypatch.setattr(warming, "cache_folder", lambda: tmp_path / "kernels" / "hpmkd_12")
    assert warming.refused_folder() is None
