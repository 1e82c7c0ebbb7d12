"""Names, paths and commands that README, CONTRIBUTING and the docs mention exist."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
#: Keys of an exported file's metadata, spelt like names.
METADATA = {"hpmkd.columns", "hpmkd.classes", "hpmkd.opset", "hpmkd.facts"}
NAME = re.compile(r"(?<![\w.@/-])hpmkd(?:_defaults)?(?:\.[A-Za-z_]\w*)+(?![\w/-])")
PATH = re.compile(r"(?<![\w./~:-])(?:hpmkd|plugins|tests|benchmarks|docs|examples)/[\w./-]*")


def resolve(name: str) -> object:
    """Import as much of a dotted name as is a module, and look the rest up."""
    module, _, rest = name.partition(".")
    value: object = importlib.import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        if not hasattr(value, part):
            importlib.import_module(module)
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dotted_name_resolves(page):
    for name in sorted(set(NAME.findall(page.read_text("utf-8"))) - METADATA):
        try:
            resolve(name)
        except (AttributeError, ImportError) as error:
            pytest.fail(f"{page.name} names {name}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).is_file(), f"{page.name} links {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_exists(page):
    for path in sorted(set(PATH.findall(page.read_text("utf-8")))):
        assert (ROOT / path.rstrip(".")).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_benchmark_that_is_named_exists(page):
    text = " ".join(page.read_text("utf-8").split())
    assert set(re.findall(r"python -m benchmarks ([a-z][\w-]*)", text)) <= set(BENCHMARKS)
    assert not re.search(r"python benchmarks/", text)


def test_the_architecture_page_names_every_package_and_the_layers():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tree = text.partition("## The tree")[2].partition("## ")[0]
    packages = [path.parent.name for path in (ROOT / "hpmkd").glob("*/__init__.py")]
    assert [name for name in packages if f"\n  {name}/ " not in tree] == []
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [name for each in layers for name in each.split(" | ")]
    written = re.findall(r"\w+", text.partition("## Layers")[2].split("```")[1])
    assert written == [name for name in names if name not in ("__main__", "sklearn_rules")]
