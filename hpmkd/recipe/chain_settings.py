"""The chain of a recipe: which stage takes over what from which stage before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from hpmkd.errors import RecipeError
from hpmkd.recipe.parsing import check_keys, convert, parse_choice
from hpmkd.recipe.settings import Choice

#: The name of no transfer: a stage that starts the chain, or stands in it independently.
NONE = "none"


class Link(Struct, frozen=True):
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
        return {"stage": self.stage, "after": self.after, "transfer": self.transfer.to_mapping()}


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
    check_keys(entry, Link, path)
    if "stage" not in entry:
        raise RecipeError(f'{path}: no stage given; write stage = "…"')
    stage = convert(entry["stage"], str, f"{path}.stage")
    transfer = parse_choice(entry.get("transfer", NONE), f"{path}.transfer")
    if transfer.name == NONE:
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
