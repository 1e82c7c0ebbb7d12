"""Measured tables of README and docs say by which command they were made, and agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: A cell that is a number, with its unit.
NUMBER = re.compile(r"\**[−+-]?[\d.,]*\d[\d.,]*( ?(%|ms|µs|us|MB|KB|GB|s|x|×))?\**")
COMMAND = re.compile(r"python -m benchmarks ([a-z][\w-]*)")
WRITTEN = [each.page for each in BENCHMARKS.values() if each.page]


def measured_tables(text):
    """Yield where each table begins and ends that has a row with two numbers or more."""
    for table in re.finditer(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        rows = [row.strip("|").split("|") for row in table[0].splitlines()[2:]]
        if any(sum(bool(NUMBER.fullmatch(cell.strip())) for cell in row) > 1 for row in rows):
            yield table.span()


def names_its_source(text, begin, end):
    """Whether a page is written by a command, or a table's section names one or links its page."""
    written = re.search(r"[Ww]ritten by `?python -m benchmarks", " ".join(text[:begin].split()))
    section = text[:begin].rpartition("\n## ")[2] + text[end:].partition("\n## ")[0]
    links = re.findall(r"\]\((?:docs/)?([\w-]+\.md)", section)
    return bool(written or COMMAND.search(section) or set(links) & set(WRITTEN))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_measured_table_names_its_command_or_its_page(page):
    text = page.read_text("utf-8")
    for begin, end in measured_tables(text):
        assert names_its_source(text, begin, end), f"{page.name}: {text[begin:end]:.300}"


def test_a_table_of_unknown_source_is_found():
    table = "## A\n\n| a | ms | % |\n|---|---|---|\n| tree | 1.5 | −2 % |\n\n"
    command, link = "Written by `python -m benchmarks kernels`.\n\n", "See [k](kernels.md).\n\n"
    sources = {
        "none": f"{table}By hand.\n\n",
        "another section": f"{table}## B\n\n{link}{command}",
        "above": f"{command}{table}",
        "beside": f"{table}{link}## B\n\n",
    }
    named = {
        source: names_its_source(text, *next(measured_tables(text)))
        for source, text in sources.items()
    }
    assert named == {"none": False, "another section": False, "above": True, "beside": True}


def test_the_readme_says_what_the_page_of_whole_runs_says():
    readme = (ROOT / "README.md").read_text("utf-8").partition("## Measured")[2]
    rows = [line.strip("|").split("|") for line in readme.splitlines() if line.startswith("| ")]
    page = (ROOT / "docs" / "rivals.md").read_text("utf-8")
    said = 0
    for _, losses, won, accuracy, *_ in rows[1:4]:
        for figure in (*losses.split("/"), won, accuracy):
            # As the page writes it: -17.9%, +0.61.
            plain = figure.strip().replace("−", "-").replace(" %", "%")
            plain = re.sub(r"^([+-]?)\.", r"\g<1>0.", plain)
            assert f"| {plain} |" in page, f"README says {figure.strip()}; docs/rivals.md does not"
            said += 1
    assert said == 12
