"""Finds what is dead in a built site: links, anchors, and resources that are not its own."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes by which a page loads something, rather than links it.
LOADED = {("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
#: Links to pages, which load nothing.
LINKED = {"canonical", "next", "prev", "alternate"}


class Page(HTMLParser):
    """The anchors of a page, what it links, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.linked: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called, and where it leads."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        for name in ("href", "src"):
            if name not in given:
                continue
            loads = (tag, name) in LOADED and given.get("rel") not in LINKED
            (self.loaded if loads else self.linked).append(given[name])


def dead_links(site: Path) -> list[str]:
    """Return a line for each link that leads nowhere, and each resource of another site."""
    site = site.resolve()
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    # Served for any address, it links from the root.
    pages.pop(site / "404.html", None)
    found = []
    for path, page in pages.items():
        where = path.relative_to(site)
        found += [f"{where} loads {each}" for each in page.loaded if _is_elsewhere(each)]
        for link in (*page.linked, *page.loaded):
            if not _is_elsewhere(link) and not _leads_somewhere(path, link, pages):
                found.append(f"{where} links {link}")
    return list(dict.fromkeys(found))


def _is_elsewhere(link: str) -> bool:
    address = urlsplit(link)
    return bool(address.scheme and address.scheme != "data") or bool(address.netloc)


def _leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    address = urlsplit(link)
    if address.scheme == "data":
        return True
    target = (path.parent / unquote(address.path)).resolve() if address.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    anchor = unquote(address.fragment)
    # Zensical's own script takes to the top what names no element.
    return not anchor or target not in pages or anchor in pages[target].anchors
