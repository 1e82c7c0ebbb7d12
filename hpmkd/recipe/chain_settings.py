"""The chain of a recipe: which stage takes over what from which stage before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpmkd.errors import RecipeError
from hpmkd.recipe.settings import Choice, convert, unknown_key
from hpmkd.values import frozen_mapping

KEYS = ("stage", "transfer", "after")
#: The name of no transfer: a stage that starts the chain, or stands in it independently.
NONE = "none"


@dataclass(frozen=True)
class Link:
    """One stage in the chain.

    Parameters
    ----------
    stage : str
        Its name among the recipe's stages.
    transfer : Choice or None
        The rule by which it takes over from the stage before; None if it takes nothing.
    after : str
        The stage before; by default that of the entry above.
    """

    stage: str
    transfer: Choice | None = None
    after: str = ""

    @property
    def label(self) -> str:
        """The rule with its settings: what a run calls it."""
        if self.transfer is None:
            return NONE
        settings = ", ".join(f"{key}={value}" for key, value in self.transfer.settings.items())
        return f"{self.transfer.name}({settings})" if settings else self.transfer.name

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values that parse to the same link."""
        if self.transfer is None:
            return {"stage": self.stage}
        rule = {"name": self.transfer.name, **self.transfer.settings}
        return {"stage": self.stage, "after": self.after, "transfer": rule}


def parse_chain(value: Any) -> tuple[Link, ...]:
    """Parse a list of tables.

    Raises
    ------
    RecipeError
        If it is none, a key is unknown, or a link comes after nothing.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RecipeError(f'chain: got {value!r}; expected a list, e.g. [{{stage = "logistic"}}]')
    links: list[Link] = []
    for at, entry in enumerate(value):
        links.append(_link(f"chain[{at}]", entry, [link.stage for link in links]))
    return tuple(links)


def _link(path: str, entry: Any, above: Sequence[str]) -> Link:
    if not isinstance(entry, Mapping):
        raise RecipeError(f'{path}: got {entry!r}; expected a table, e.g. {{stage = "tree"}}')
    for key in entry:
        if key not in KEYS:
            raise unknown_key(path, key, list(KEYS))
    if "stage" not in entry:
        raise RecipeError(f'{path}: no stage given; write stage = "…"')
    stage = convert(entry["stage"], str, f"{path}.stage")
    transfer = _transfer(f"{path}.transfer", entry.get("transfer", NONE))
    if transfer is None:
        if "after" in entry:
            raise RecipeError(
                f"{path}: after is given, but no transfer; write transfer = "
                '"residual", "assistant" or another rule, or leave after out'
            )
        return Link(stage)
    after = convert(entry.get("after", above[-1] if above else ""), str, f"{path}.after")
    if after not in above:
        earlier = (
            f"one of {', '.join(above)}" if above else "an entry above it, of which there is none"
        )
        raise RecipeError(f"{path}: it comes after {after!r}; expected {earlier}")
    return Link(stage, transfer, after)


def _transfer(path: str, rule: Any) -> Choice | None:
    rule = {"name": rule} if isinstance(rule, str) else rule
    if not isinstance(rule, Mapping) or "name" not in rule:
        raise RecipeError(f"{path}: got {rule!r}; expected the name of a rule, or a table with one")
    name = convert(rule["name"], str, f"{path}.name")
    settings = {key: value for key, value in rule.items() if key != "name"}
    return None if name == NONE else Choice(name, frozen_mapping(settings))
