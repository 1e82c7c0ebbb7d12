from click.testing import CliRunner

from hpmkd.cli import cli
from hpmkd.kernels import warming


def test_it_says_what_it_does_how_long_it_took_and_where(monkeypatch, tmp_path):
    done = []
    steps = [("rows", lambda: done.append("rows")), ("tables", lambda: done.append("tables"))]
    monkeypatch.setattr(warming, "steps", lambda: iter(steps))
    monkeypatch.setattr(warming, "cache_folder", lambda: tmp_path)
    result = CliRunner().invoke(cli, ["warm"])
    assert result.exit_code == 0, result.output
    assert done == ["rows", "tables"]
    assert result.stderr.splitlines() == ["[1/2] rows", "[2/2] tables"]
    assert result.stdout.startswith("all kernels are ready after ")
    assert str(tmp_path) in result.stdout
