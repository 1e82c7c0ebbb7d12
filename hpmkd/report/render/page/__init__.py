"""The page: one HTML file with its style, its script and its pictures in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from hpmkd import __version__
from hpmkd.report import card, model_tables, plain_words, reproduce, summary
from hpmkd.report.limits import limited
from hpmkd.report.models import shipped
from hpmkd.report.readable import readable
from hpmkd.report.render.figure import Absent
from hpmkd.report.render.format import clean
from hpmkd.report.try_it.panel import Panel, try_it

if TYPE_CHECKING:
    from hpmkd.report.render.figure import Picture
    from hpmkd.runs.result import Distillation

#: The headings of the pictures.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "losses": ("losses",),
    "costs": ("bytes", "row_us"),
    "quality": ("reliability", "fidelity", "classes"),
    "columns": ("importance",),
    "teachers": ("weights", "attention"),
    "search": ("search",),
    "time": ("time",),
}


def page(
    found: Distillation,
    folder: str,
    shown: Sequence[Picture | Absent],
    drawn: Mapping[str, str],
) -> str:
    """Return the HTML of a report, with the ``svg`` elements of pictures by their key."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("hpmkd.report.render", "page"),
        # Names of columns, classes and plugins may hold anything: all is escaped but what is
        # made here.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clean"] = clean
    script, panel = _text("report.js"), try_it(found.student)
    answering = f"{panel.module}\n{_text('try_it.js')}" if isinstance(panel, Panel) else ""
    typed = reproduce.command(found, folder)
    by_key = {each.key: each for each in shown}
    rendered: str = environment.get_template("report.html.j2").render(
        found=found,
        version=__version__,
        style=Markup(_text("report.css") + _text("try_it.css")),
        script=Markup(script),
        answering=Markup(answering),
        digests=[_digest(each) for each in (script, answering) if each],
        panel=panel,
        shipped=shipped(found),
        heading=plain_words.heading(found),
        date=plain_words.date_of(found),
        plain=plain_words.sentences(found),
        figures=summary.figures(found),
        leaderboard=model_tables.leaderboard(found),
        panel_members=model_tables.panel(found),
        readable=readable(found),
        card=card.sections(found, folder),
        to_fill=card.TO_FILL,
        intervals=plain_words.INTERVALS,
        arms=summary.arms(found),
        counts=summary.counts(found),
        efforts=summary.efforts(found),
        cache=summary.cache(found),
        setting=summary.setting(found),
        front=model_tables.front(found),
        confusion=summary.confusion(found),
        limited=limited(found, folder),
        command=typed,
        again=reproduce.sentences(found, typed),
        sections={name: [by_key[key] for key in keys] for name, keys in SECTIONS.items()},
        drawn={key: Markup(svg) for key, svg in drawn.items()},
    )
    return rendered


def _digest(script: str) -> str:
    """Return by what a content security policy knows a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _text(name: str) -> str:
    return files("hpmkd.report.render.page").joinpath(name).read_text("utf-8")
