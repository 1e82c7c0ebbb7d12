"""The plugins of this repository, those in distributions of their own among them."""

from __future__ import annotations

import functools
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

from hpmkd.hookspecs import PROJECT
from hpmkd.registry.registry import Registry

ROOT = Path(__file__).parents[3]


@functools.cache
def registry() -> Registry:
    """Return a registry of what is in this repository, whatever else is installed."""
    found = Registry()
    for path in (ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        source = path.parent / ("plugins" if path.parent == ROOT else "src")
        if str(source) not in sys.path:
            sys.path.append(str(source))
        for name, place in project.get("entry-points", {}).get(PROJECT, {}).items():
            plugin = EntryPoint(name, place, PROJECT).load()
            found.add(name, plugin, project["name"])
    found.require_sound()
    return found
