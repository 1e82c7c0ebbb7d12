"""What docs/embedding.md shows can be typed in, top to bottom."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

import hpmkd

PAGE = Path(__file__).parents[2] / "docs" / "embedding.md"


@pytest.fixture(scope="module")
def typed():
    """All names that are there in the end."""
    names = {}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(snippet, str(PAGE), "exec"), names)
    return names


def test_runs_in_threads_find_what_they_find_alone(typed):
    alone = hpmkd.distill(typed["X"], typed["y"], seed=1, **typed["quick"]).student
    assert typed["students"][1].to_bytes() == alone.to_bytes()


def test_a_run_inside_asyncio(typed):
    assert isinstance(typed["found"], hpmkd.Distillation)


def test_a_cancelled_run_ends(typed):
    assert typed["outcome"] == "too late"
    assert not [each for each in threading.enumerate() if each.name.startswith("asyncio")]


def test_workers_of_joblib(typed):
    assert typed["sizes"] == [each.n_bytes for each in typed["students"]]


def test_an_answer_of_a_server(typed):
    row = dict(zip(typed["student"].encoder.schema.names, typed["X"][0], strict=True))
    expected = typed["found"].student.predict(typed["X"][:1])[0]
    assert typed["answer"]({"row": row}) == {"label": expected}
