"""``hpmkd pick``: another student of a finished run, without training."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hpmkd.cli.options import limit_options


@click.command("pick")
@click.argument("run", type=click.Path(path_type=Path))
@limit_options
@click.option("--out", type=click.Path(path_type=Path), help="Copy the student's file to here.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(run: Path, limits: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """Pick the best student of RUN (a run folder) within limits.

    Only what the selection rows said picks, as in the run. Without a limit, those of the run
    hold. A link of the chain that its gate refused is not among the students. RUN is left as
    it is.

    \b
    Examples:
      hpmkd pick runs/adult --max-size 5KB
      hpmkd pick runs/adult --max-latency 2us --min-retention 0.99 --out small.hpmkd
    """
    from dataclasses import asdict

    from hpmkd.errors import LimitsError
    from hpmkd.picking import pick
    from hpmkd.recipe import Recipe, read_limits
    from hpmkd.run_folder import load_front, student_path

    contenders = load_front(run)
    kept = read_limits(limits) if limits else Recipe.load(str(run / "recipe.toml")).limits
    try:
        chosen = pick(contenders, kept, run)
    except LimitsError:
        if not as_json:
            _show(contenders, kept, None)
        raise
    path = student_path(run, chosen.name)
    content = _read(path)
    if out is not None:
        _copy(content, out)
    if as_json:
        result = {
            "limits": asdict(kept),
            "chosen": chosen.name,
            "file": str(out or path),
            "students": [asdict(each) for each in contenders],
        }
        json.dump(result, sys.stdout, indent=2)
        click.echo()
        return
    _show(contenders, kept, chosen.name)
    click.echo(f"\nPicked {chosen.name}: {path}" + (f", copied to {out}" if out else ""))


def _show(contenders: Any, limits: Any, chosen: str | None) -> None:
    from hpmkd.cli.table import print_front, wide_console

    print_front(contenders, limits, chosen, wide_console())


def _read(path: Path) -> bytes:
    from hpmkd.errors import StudentFileError

    try:
        return path.read_bytes()
    except OSError as error:
        raise StudentFileError(
            f"{path} cannot be read: {error.strerror or error}; take the run folder from a backup, "
            "or distil again"
        ) from error


def _copy(content: bytes, out: Path) -> None:
    from hpmkd.run_folder import explained

    with explained(out):
        out.write_bytes(content)
