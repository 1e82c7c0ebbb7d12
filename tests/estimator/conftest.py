"""A classifier that distils in a tenth of a second."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sklearn.tree import DecisionTreeClassifier

import hpmkd


@pytest.fixture
def quick():
    """``quick(…)``: an unfitted classifier; a parameter given takes the place of a cheap one."""
    recipe = str(Path(__file__).with_name("quick.toml"))
    teacher = DecisionTreeClassifier(max_depth=4, random_state=0)
    return partial(hpmkd.DistilledClassifier, **{"teacher": teacher, "recipe": recipe})
