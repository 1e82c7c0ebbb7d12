"""Trees and linear margins as text that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hpmkd.student.explain.conditions import sentence
from hpmkd.student.explain.linear_terms import margins
from hpmkd.student.explain.rules import places, rules

if TYPE_CHECKING:
    from hpmkd.student import Student
    from hpmkd.student.explain.rules import Support

INDENT = "    "


def tree_text(student: Student, name: str, support: Support | None, rows: str) -> Iterator[str]:
    """Yield the lines of a readable tree, with the `rows` in each leaf if they are known."""
    by_leaf = {rule["leaf"]: rule for rule in rules(student, support)}
    columns = student.encoder.features  # type: ignore[union-attr]
    looked_at = {place.column for place in places(student)} - {None}
    used = {columns[at].column.name for at in looked_at if at is not None}
    n_columns = len(student.encoder.schema.columns)
    yield f"{name}: {len(by_leaf)} rules, {len(used)} of {n_columns} columns"
    if support is None:
        yield "Each gives: class (its probability). No rows were counted: --data FILE counts them"
    else:
        total = f"{support.counts.sum():,} {rows}"
        yield f"Each gives: class (its probability), its share of {total}, and the share of"
        yield "their commonest class, named where it is another one"
    yield "An unknown category counts as missing"
    yield ""
    for place in places(student):
        outcome = "" if place.leaf is None else _outcome(by_leaf[place.leaf])
        if place.cells is None or place.before is None or place.column is None:
            if outcome:
                yield f"always: {outcome}"
            continue
        test = sentence(columns[place.column], place.cells, place.before)
        branch = f"else ({test}):" if place.is_right else f"if {test}:"
        yield f"{INDENT * (place.depth - 1)}{branch} {outcome}".rstrip()


def linear_text(student: Student, name: str) -> Iterator[str]:
    """Yield the lines of a readable linear student."""
    labels = student.classes.tolist()
    yield f"{name}: a weighted sum of {student.encoder.n_outputs} terms, largest first"
    yield "A number counts in standard deviations above its mean; what is not a number, as 0 or 1"
    for margin in margins(student):
        against = f" against {labels[0]}, log odds" if len(labels) == 2 else ""
        yield ""
        yield f"{margin['label']}{against}: {margin['intercept']:+.4f} and"
        width = max((len(term.name) for term in margin["terms"]), default=0)
        for term in margin["terms"]:
            units = ""
            if isinstance(term.center, str):
                units = f"per {term.scale:.4g} days after {term.center}"
            elif term.scale is not None:
                units = f"per {term.scale:.4g} above {term.center:.4g}"
            yield f"{INDENT}{term.coefficient:+.4f}  {term.name:<{width}}  {units}".rstrip()


def _outcome(rule: dict[str, Any]) -> str:
    """Return what a rule predicts, and the rows that support it."""
    text = f"{rule['then']} ({rule['probability']:.2f})"
    if "rows" not in rule:
        return text
    text += f", {rule['share']:.1%} of rows"
    if not rule["rows"]:
        return text
    text += f", {rule['purity']:.0%} pure"
    if rule["majority"] == rule["then"]:
        return text
    return f"{text} ({rule['majority']}), {rule['accuracy']:.0%} right"
