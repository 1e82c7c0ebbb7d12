"""Matplotlib's SVG as part of a page: its colours, its type, names for screen readers."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from hpmkd.report.render.theme import MARK, STAND_INS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG, XLINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
DRAWN = frozenset(f"{{{SVG}}}{name}" for name in ("use", "path"))
REFERENCE = re.compile(r"url\(#([^)]+)\)")
FONT = re.compile(r"font: ([^;']*?px) [^;]*")


def inline(figure: Figure, key: str, title: str, description: str) -> str:
    """Return a figure in the stand-in colours as an ``svg`` element to put into a page.

    The key makes its ids unlike those of other pictures on the page.
    """
    ElementTree.register_namespace("", SVG)
    written = io.StringIO()
    # Without a date, the same run gives the same page.
    figure.savefig(written, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())
    _tidy(root)
    _own_ids(root, key)
    for name in ("width", "height"):
        root.attrib.pop(name)
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-title {key}-description")
    named = (("title", "title", title), ("desc", "description", description))
    for at, (tag, suffix, text) in enumerate(named):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", id=f"{key}-{suffix}")
        element.text = text
        root.insert(at, element)
    text = ElementTree.tostring(root, encoding="unicode")
    for name, colour in STAND_INS.items():
        text = text.replace(colour, f"var(--{name})")
    return text


def _tidy(root: ElementTree.Element) -> None:
    """Drop what a page does not need, and name the elements that are marks."""
    for parent in list(root.iter()):
        for child in list(parent):
            # Its style sheet would apply to the whole page.
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for group in root.iter(f"{{{SVG}}}g"):
        if group.get("id") == MARK:
            hidden = {id(each) for defs in group.iter(f"{{{SVG}}}defs") for each in defs.iter()}
            for each in group.iter():
                if each.tag in DRAWN and id(each) not in hidden:
                    each.set("class", MARK)
    for each in root.iter(f"{{{SVG}}}text"):
        # The page's own type, at Matplotlib's size.
        each.set("style", FONT.sub(r"font-size: \1", each.get("style", "")))


def _own_ids(root: ElementTree.Element, key: str) -> None:
    """Keep the ids that something refers to, and make them the picture's own."""
    referred = set()
    for each in root.iter():
        if XLINK in each.attrib:
            target = each.attrib.pop(XLINK).removeprefix("#")
            referred.add(target)
            each.set("href", f"#{key}-{target}")
        for name, value in each.attrib.items():
            referred |= set(REFERENCE.findall(value))
            each.set(name, REFERENCE.sub(rf"url(#{key}-\1)", value))
    for each in root.iter():
        own = each.attrib.pop("id", None)
        if own in referred:
            each.set("id", f"{key}-{own}")
