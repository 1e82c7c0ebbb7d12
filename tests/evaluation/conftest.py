"""What the tests of evaluation share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    """Resample metrics of all rows as often as on a large table: a small one takes seconds."""
    monkeypatch.setattr("hpmkd.evaluation.metric_difference.MOST", 200)
