"""The reference that is written from the code leaves nothing out."""

from __future__ import annotations

import json
import re

import pytest

import hpmkd
from benchmarks.__main__ import BENCHMARKS
from docs.site.docstrings import as_markdown
from docs.site.reference import PAGES
from docs.site.reference.commands import escaped
from docs.site.reference.plugins import registry
from docs.site.reference.settings import allowed
from hpmkd import contracts, hookspecs
from hpmkd.cli import COMMANDS
from hpmkd.hookspecs import OFFER_HOOKS
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import known_settings
from hpmkd.recipe.settings import Count, Natural, Share, Temperature


@pytest.fixture(scope="module")
def written():
    """Return every page that is written from the code."""
    return {name: write() for name, write in PAGES.items()}


def test_every_hook_and_every_contract_is_shown_once(written):
    hooks = [name for name in vars(hookspecs) if name.startswith("hpmkd_")]
    shown = re.findall(r"::: hpmkd\.hookspecs\.(\w+)", written["hooks"])
    assert sorted(shown) == sorted(hooks)
    assert sorted(re.findall(r"::: hpmkd\.contracts\.(\w+)", written["contracts"])) == sorted(
        contracts.__all__
    )


def test_everything_that_users_import_is_shown_once(written):
    shown = re.findall(r"::: hpmkd\.(\w+)\n", written["python"])
    assert sorted(shown) == sorted(set(hpmkd.__all__) - {"hookimpl"})


def test_every_command_has_its_options_and_examples(written):
    page = written["commands"]
    headings = set(re.findall(r"^#+ `hpmkd (.+)`$", page, re.M))
    assert {*COMMANDS, "recipe show", "cache", "memory", "serve"} <= headings
    assert "| `--target COL` | Column with the labels. \\[required\\] |" in page
    assert "```console\nhpmkd distill adult.csv --target income\n" in page
    assert "\b" not in page


def test_every_setting_of_every_component_has_a_description(written):
    sections = re.split(r"^### ", written["components"], flags=re.M)[1:]
    named = {re.search(r"#([\w-]+) \}", each)[1]: each for each in sections}
    offers = [offer for kind in OFFER_HOOKS for offer in registry().offers(kind).values()]
    assert {*named} == {f"{each.kind}-{each.offer.name}" for each in offers}
    for each in offers:
        section = named[f"{each.kind}-{each.offer.name}"]
        rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "| `" in line]
        assert [row[0].strip("`") for row in rows] == known_settings(each)
        assert [row for row in rows if len(row[-1]) < 5] == [], each


def test_every_setting_of_a_run_has_its_value_and_a_description(written):
    rows = [line.strip("| ").split(" | ") for line in written["recipes"].splitlines()]
    known = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    plain = Recipe.load("hpm").to_mapping()
    for table in ("split", "search", "extra", "budget", "pipeline", "limits", "front", "drift"):
        for key, value in plain[table].items():
            if isinstance(value, dict):  # a table of its own
                inner, value = next(iter(value.items()))
                key = f"{key}.{inner}"
            row = known[f"{table}.{key}"]
            assert row[2] == f"`{json.dumps(value)}`"
            assert len(row[3]) > 5


def test_every_page_of_a_benchmark_is_listed_with_its_command(written):
    rows = re.findall(
        r"^\| \[.*?\]\(\.\./docs/(.*?)\) \|.*?`python -m benchmarks (\S+?)[ `]",
        written["measurements"],
        re.M,
    )
    assert sorted(rows) == sorted(
        (page.removeprefix("docs/"), name)
        for name, each in BENCHMARKS.items()
        for page in each.pages
    )


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Count, "whole number ≥ 1"),
        (Share, "number > 0, < 1"),
        (Temperature, "number > 0"),
        (Natural | None, "whole number ≥ 0 or none"),
        (tuple[str, ...], "list of: text"),
        (bool, "true or false"),
    ],
)
def test_values_are_described_for_people(annotation, said):
    assert allowed(annotation) == said


def test_docstrings_become_markdown():
    text = "Made from :class:`~hpmkd.values.Offer` by::\n\n    offer = 1\n\nSee :func:`distill`."
    made = as_markdown(text)
    assert "```python\noffer = 1\n```" in made
    assert '<autoref optional identifier="hpmkd.values.Offer">`Offer`</autoref> by:' in made
    assert made.endswith("See `distill`.")


def test_plain_text_stays_as_it_is():
    assert escaped("a_b [x<1] *c*") == r"a\_b \[x&lt;1\] \*c\*"
