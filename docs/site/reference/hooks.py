"""Hooks and contracts, in the order of ``hookspecs.py``."""

from __future__ import annotations

import inspect
import re

from docs.site.docstrings import as_markdown
from docs.site.reference.markdown import table
from docs.site.reference.plugins import registry
from docs.site.reference.python import shown
from hpmkd import contracts as protocols
from hpmkd import hookspecs
from hpmkd.hookspecs import OFFER_HOOKS

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("hpmkd_")}
EXTENDING = ("hpmkd_commands",)
#: What each group of hooks does, as their grammar says.
GROUPS = {
    "Offer": "Plural nouns. They return a list of `hpmkd.Offer` values, and never act.",
    "Observe": "Participles. They are called as the run advances, and return nothing.",
    "Extend": "The command line.",
}


def hooks() -> str:
    """Return the page of hooks: the table of offers, then every hook with its example."""
    offering = (*OFFER_HOOKS.values(),)
    observing = [name for name in HOOKS if name not in (*offering, *EXTENDING)]
    parts = [
        "# Hooks",
        "All that a plugin can do; [how to write one](../docs/writing-a-plugin.md).",
    ]
    for (group, about), names in zip(GROUPS.items(), (offering, observing, EXTENDING), strict=True):
        parts += [f"## {group}", about]
        if group == "Offer":
            parts.append(table(["kind", "hook", "contract", "on offer"], map(_row, OFFER_HOOKS)))
        parts.append(shown((f"hpmkd.hookspecs.{name}" for name in names), level=3))
    return "\n\n".join(parts)


def contracts() -> str:
    """Return the page of contracts: those of the hooks first, then what they use."""
    first = [contract_of(kind) for kind in OFFER_HOOKS]
    rest = [name for name in protocols.__all__ if name not in first]
    names = (f"hpmkd.contracts.{name}" for name in (*first, *rest))
    return f"# Contracts\n\n{as_markdown(inspect.getdoc(protocols) or '')}\n\n{shown(names)}"


def contract_of(kind: str) -> str:
    """Return the contract that what a hook offers fulfils."""
    returned = str(inspect.signature(HOOKS[OFFER_HOOKS[kind]]).return_annotation)
    return re.findall(r"Offer\[(\w+)\]", returned)[0]


def _row(kind: str) -> tuple[str, ...]:
    hook, contract = OFFER_HOOKS[kind], contract_of(kind)
    offered = (f"[`{name}`](components.md#{kind}-{name})" for name in registry().offers(kind))
    return (
        kind,
        f"[`{hook}`][hpmkd.hookspecs.{hook}]",
        f"[`{contract}`][hpmkd.contracts.{contract}]",
        ", ".join(offered),
    )
