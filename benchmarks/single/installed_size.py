"""The installed size of hpmkd, package by package, with xgboost and with xgboost-cpu.

Run ``python -m benchmarks installed-size --markdown docs/install.md``, or with
``--only xgboost-cpu`` in CI. Each makes a fresh virtual environment with plain pip, in a temporary
folder, distils in it, and is removed. Needs the network, some minutes, and 1.5 GB meanwhile.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.common.pages import console_tables, filled, page_option, replace_measured

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_suffix(".md")
#: What pip installs in the folder of the checkout.
COMMANDS = {
    "xgboost": ("install", "."),
    "xgboost-cpu": ("install", "-r", "requirements/cpu.txt"),
}
#: A small run, which trains with xgboost.
DEMO = ("demo", "--student", "xgboost", "--set", "sampler.trials=2")
#: Packages below this have no line of their own.
LEAST_MB = 10
#: Prints the bytes of every distribution, as a JSON object.
SIZES = """
import json
from importlib.metadata import distributions
def size(found):
    paths = {each.locate() for each in found.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())
print(json.dumps({each.name: size(each) for each in distributions()}))
"""


class Environment(NamedTuple):
    """A virtual environment that was made and used.

    Parameters
    ----------
    sizes : dict
        MB by distribution; those of pip itself are left out.
    seconds : float
        That pip took.
    student : bytes
        What a small run distilled there.
    """

    sizes: dict[str, float]
    seconds: float
    student: bytes


def environment(kind: str, folder: Path) -> Environment:
    """Make one, measure it, distil in it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    run = folder / ("Scripts" if os.name == "nt" else "bin")
    start = time.perf_counter()
    call(run / "python", "-m", "pip", "--quiet", *COMMANDS[kind])
    seconds = time.perf_counter() - start
    call(run / "python", "-m", "pip", "check")
    found = json.loads(call(run / "python", "-c", SIZES))
    sizes = {name: n_bytes / 1e6 for name, n_bytes in found.items()}
    for name in ("pip", "setuptools"):
        sizes.pop(name, None)
    call(run / "hpmkd", *DEMO, "--no-memory", "--no-cache", "--out", str(folder / "run"))
    return Environment(sizes, seconds, (folder / "run" / "student.hpmkd").read_bytes())


def call(*command: object) -> str:
    """Run a command in the checkout, and return what it prints."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    texts = [str(each) for each in command]
    done = subprocess.run(texts, cwd=ROOT, env=own, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def lines(made: dict[str, Environment]) -> list[list[str]]:
    """Return a line for each large package, the rest, and the sum."""
    all_sizes = [each.sizes for each in made.values()]
    names = sorted({name for sizes in all_sizes for name in sizes})
    large = [name for name in names if max(at(sizes, name) for sizes in all_sizes) >= LEAST_MB]
    large.sort(key=lambda name: -max(at(sizes, name) for sizes in all_sizes))
    small = [name for name in names if name not in large]
    rest = [sum(at(sizes, name) for name in small) for sizes in all_sizes]
    return [
        *([name, *(shown(at(sizes, name)) for sizes in all_sizes)] for name in large),
        [f"{len(small)} others", *map(shown, rest)],
        ["**all**", *(f"**{sum(sizes.values()):.0f}**" for sizes in all_sizes)],
        ["seconds of pip", *(f"{each.seconds:.0f}" for each in made.values())],
    ]


def at(sizes: dict[str, float], name: str) -> float:
    """Return the MB of a package, 0 if it is not there."""
    return sizes.get(name, 0.0)


def shown(megabytes: float) -> str:
    """Write a size."""
    return f"{megabytes:.0f}" if megabytes else "–"


@click.command()
@click.option("--only", type=click.Choice(list(COMMANDS)), help="Make one of the two.")
@page_option
def main(only: str | None, markdown: Path | None) -> None:
    """Install both, or one, and compare."""
    made = {}
    for kind in [only] if only else COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            made[kind] = environment(kind, Path(folder))
    if len({each.student for each in made.values()}) > 1:
        raise click.ClickException("the two distil different students")
    table = console_tables([("", ["MB", *made], lines(made))]).strip()
    if markdown is not None:
        if only:
            raise click.UsageError("the page is of both: leave out --only")
        about = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
        replace_measured(markdown, "installed-size", filled(PAGE, about=about, table=table))
