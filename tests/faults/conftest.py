"""A folder with rows and a finished run."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.embedding.runs import X, Y, light


@pytest.fixture(scope="module")
def found():
    """A finished run on columns without names."""
    return light()


@pytest.fixture
def folder(tmp_path, monkeypatch, found):
    """The folder that we are in, with ``data.csv`` and the run ``done``."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(X).rename(columns="c{}".format)
    frame.assign(y=Y).to_csv("data.csv", index=False)
    found.save("done")
    return tmp_path
