"""Dead links are found, by Zensical in the pages and by us in what comes out."""

from __future__ import annotations

import re
import tomllib

import pytest
import tomli_w

from docs.site import build
from docs.site.links import dead_links

PAGE = """<html><body><h1 id="top">{name}</h1>{body}</body></html>"""


def pages(folder, **bodies):
    for name, body in bodies.items():
        (folder / f"{name}.html").write_text(PAGE.format(name=name, body=body))
    return folder


def test_links_that_lead_somewhere_are_not_dead(tmp_path):
    (tmp_path / "style.css").touch()
    body = """<link rel="stylesheet" href="style.css"><a href="two.html#top">x</a>
      <a href="#top">x</a><a href="https://example.org/">x</a><img src="data:image/gif;base64,">"""
    assert dead_links(pages(tmp_path, one=body, two="")) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="three.html">', "one.html links three.html"),
        ('<a href="two.html#nowhere">', "one.html links two.html#nowhere"),
        ('<a href="#nowhere">', "one.html links #nowhere"),
        ('<img src="picture.png">', "one.html links picture.png"),
        ('<script src="https://cdn.org/x.js"></script>', "one.html loads https://cdn.org/x.js"),
        ('<link rel="stylesheet" href="//fonts.org/x">', "one.html loads //fonts.org/x"),
    ],
)
def test_each_kind_of_dead_link_is_found(tmp_path, body, said):
    assert dead_links(pages(tmp_path, one=body, two="")) == [said]


def test_a_dead_anchor_in_a_page_stops_the_build(tmp_path):
    settings = tomllib.loads((build.HERE / "zensical.toml").read_text("utf-8"))
    del settings["project"]["nav"]
    (tmp_path / "zensical.toml").write_text(tomli_w.dumps(settings))
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text("# Home\n\n[x](other.md#nowhere)\n")
    (tmp_path / "pages" / "other.md").write_text("# Other\n")
    with pytest.raises(build.SiteError, match="anchor does not exist") as raised:
        build.run_zensical(tmp_path)
    assert "\x1b" not in str(raised.value)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(build.SiteError, match="holds something else; expected a new folder"):
        build.build(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_the_navigation_names_every_page_once():
    nav = tomllib.loads((build.HERE / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    named = re.findall(r"'([\w./-]+\.md)'", str(nav))
    found = list(build.sources())
    written = {path.as_posix() for path in found if path.suffix == ".md"}
    notebooks = {path.with_suffix(".md").as_posix() for path in found if path.suffix == ".ipynb"}
    generated = {f"reference/{name}.md" for name in build.PAGES}
    assert sorted(named) == sorted(written | notebooks | generated)
