"""The site, built once, and the browser that opens it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docs.site.build import build
from tests.report.browser import tab as tab


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return the folder of the built site: of `make docs` in CI, otherwise built here."""
    if made := os.environ.get("HPMKD_SITE"):
        return Path(made) / "html"
    return build(tmp_path_factory.mktemp("docs") / "site")
