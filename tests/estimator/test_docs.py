"""What docs/scikit-learn.md shows can be typed in, top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

QUICK = {"sampler.trials": 1, "reference": "quick", "augmenter": "none"}
PAGE = Path(__file__).parents[2] / "docs" / "scikit-learn.md"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hpmkd.DataWarning")
def test_the_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        # In smaller forests, against a quick reference and on fewer rows, for the time they take.
        quicker = snippet.replace("RandomForestClassifier(20", "RandomForestClassifier(3")
        quicker = quicker.replace('student="tree")', f'student="tree", settings={QUICK})')
        quicker = quicker.replace('{"sampler.trials": 2}', str(QUICK))
        exec(compile(quicker, str(PAGE), "exec"), names)
        names["X_train"], names["y_train"] = names["X_train"][:120], names["y_train"][:120]
    assert names["model"].predict(names["people"]).tolist().count("yes") > 50
    assert set(names["search"].best_params_) == {"student", "teacher__min_samples_leaf"}
    assert (tmp_path / "student.hpmkd").is_file()
