"""Pages of the reference that are written from the code, by name: a function for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from docs.site.reference import commands, components, hooks, measurements, python, recipes

PAGES: Mapping[str, Callable[[], str]] = {
    "python": python.for_users,
    "hooks": hooks.hooks,
    "contracts": hooks.contracts,
    "values": partial(python.of_module, "values"),
    "student": partial(python.of_module, "student"),
    "kernels": partial(python.of_module, "kernels"),
    "testing": partial(python.of_module, "testing"),
    "modules": python.of_small_modules,
    "commands": commands.page,
    "recipes": recipes.page,
    "components": components.page,
    "measurements": measurements.page,
}
