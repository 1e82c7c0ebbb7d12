"""Modules in headless Chromium: the student's own bits."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from hpmkd.testing.datasets import dated
from hpmkd.testing.students import fitted_student, known_student, odd_student
from hpmkd_defaults.exporters.js.module import to_module
from hpmkd_defaults.exporters.js.parity import given
from hpmkd_defaults.exporters.parity_rows import probe_rows
from tests.report.browser import tab as tab

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<script type="module">
{module}
{answers}
const STUDENT_HERE = {{ classes, columns, predict, predictProba }};
window.found = answers(STUDENT_HERE, JSON.parse({rows}));
</script>
"""


def students():
    yield from (known_student(family, "wine", mixed=True) for family in ("boosted", "pooled"))
    yield fitted_student("pooled", *dated())
    yield odd_student("pooled")


@pytest.mark.parametrize("at", range(4))
def test_a_page_answers_with_the_bits_of_the_student(tab, tmp_path, at):
    student = list(students())[at]
    rows = probe_rows(student)
    text = json.dumps(json.dumps(given(student, rows))).replace("<", "\\u003c")
    scripts = files("hpmkd_defaults.exporters.js").joinpath("check", "answers.mjs")
    answers = scripts.read_text("utf-8").replace("export ", "")
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(module=to_module(student), answers=answers, rows=text), "utf-8")
    tab.open(page)
    found = tab.run("JSON.stringify(window.found)")
    assert tab.of("Runtime.exceptionThrown", "Log.entryAdded") == []
    found = json.loads(found)
    probabilities = np.array(found["probabilities"])
    assert probabilities.tobytes() == student.predict_proba(rows).tobytes()
    assert student.classes[found["codes"]].tolist() == student.predict(rows).tolist()
