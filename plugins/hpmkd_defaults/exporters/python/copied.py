"""Parts that stand in written files as they stand in the folder ``parts``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

#: What follows the first line of this kind in a part is copied, that line included.
FROM_HERE = re.compile(r"^# -{10,} .*\n", re.M)
#: What is imported from the standard library above it.
IMPORT = re.compile(r"^(?:import|from) (?!__future__|hpmkd|numpy).*\n", re.M)


def copied(part: str) -> str:
    """Return the section of a part that written files have."""
    text = _read(part)
    found = FROM_HERE.search(text)
    assert found is not None, f"the part {part} does not mark where its copy begins"
    return text[found.start() :]


def imports_of(parts: Iterable[str], others: Iterable[str]) -> str:
    """Return the lines that import what some parts need, and other such lines, each name once."""
    modules, names = set(), dict[str, set[str]]()
    for line in [*others, *(line for part in parts for line in IMPORT.findall(_read(part)))]:
        if line.startswith("import"):
            modules.add(line)
        else:
            module, imported = line.removeprefix("from ").rstrip().split(" import ")
            names.setdefault(module, set()).update(imported.split(", "))
    lines = [f"from {each} import {', '.join(sorted(names[each]))}\n" for each in sorted(names)]
    return "".join([*sorted(modules), *lines])


def _read(part: str) -> str:
    return files("hpmkd_defaults.exporters.python.parts").joinpath(f"{part}.py").read_text("utf-8")
