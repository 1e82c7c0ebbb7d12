"""Notebooks are pages of the site."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from docs.site.notebooks import link_pages, page


def test_a_page_has_text_code_and_results(tmp_path):
    shown = [
        new_output("stream", text="one\n"),
        new_output("display_data", {"image/png": "aGk=\n", "text/plain": "<Figure>"}),
        new_output("display_data", {"text/html": "<p>a\n\n  b</p>", "text/plain": "a b"}),
        new_output("execute_result", {"text/plain": "2"}, execution_count=1),
    ]
    cells = [new_markdown_cell("# Title"), new_code_cell("print('one')\n2", outputs=shown)]
    path = tmp_path / "first.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert page(path) == (
        "# Title\n\n````python\nprint('one')\n2\n````\n\n````text\none\n````\n\n"
        "![](data:image/png;base64,aGk=)\n\n<div><p>a\nb</p></div>\n\n````text\n2\n````\n"
    )


def test_links_to_notebooks_lead_to_their_pages(tmp_path):
    (tmp_path / "index.html").write_text(
        '<a href="../examples/first.ipynb">x</a> <a href="https://a.org/b.ipynb">y</a>'
    )
    link_pages(tmp_path)
    assert (tmp_path / "index.html").read_text() == (
        '<a href="../examples/first.html">x</a> <a href="https://a.org/b.ipynb">y</a>'
    )
