"""Comparison, summary and report of a run."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hpmkd import RecipeError


class Cells(HTMLParser):
    """Counts the tables and the rows of a page, and records what it would load."""

    def __init__(self):
        super().__init__()
        self.tags, self.loads = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href")]


def test_teacher_and_student_stand_side_by_side(standard):
    distiller, _ = standard
    compared = distiller.compare_models("test_auc_roc")
    assert list(compared.columns) == ["dataset", "metric", "original", "distilled", "difference"]
    assert len(compared) == 12
    best, original = distiller.find_best_model("test_auc_roc"), distiller.original_metrics()
    for row in compared.itertuples():
        assert row.original == original[row.dataset][row.metric]
        assert row.distilled == best[f"{row.dataset}_{row.metric}"]
        assert row.difference == pytest.approx(row.distilled - row.original)


def test_a_summary_tells_cost_verdict_and_both_choices(standard):
    distiller, results = standard
    summary = distiller.generate_summary()
    counts = distiller.counts
    assert f"{len(results)} configurations; {counts['models_trained']} models trained" in summary
    assert distiller.distillation.verdict.sentence in summary
    assert f"{results['test_accuracy'].max():.4f}; optimistic, as the best of several" in summary


@pytest.mark.parametrize("kind", ["interactive", "static"])
def test_a_report_is_one_page_that_loads_nothing(standard, kind, tmp_path):
    distiller, results = standard
    path = distiller.generate_report(tmp_path / "deep" / "report.html", report_type=kind)
    page = (tmp_path / "deep" / "report.html").read_text("utf-8")
    assert path == str(tmp_path / "deep" / "report.html")
    cells = Cells()
    cells.feed(page)
    assert cells.tags.count("table") == 3
    n_rows = len(results) + 12 + len(distiller.distillation.records)
    assert cells.tags.count("tr") == 3 + n_rows
    assert cells.loads == []
    assert ("script" in cells.tags) == (kind == "interactive")
    assert "<li>Verdict: " in page


def test_a_report_goes_to_the_output_folder(made, runs, tmp_path):
    distiller = made("wine", method="hpm", output_dir=tmp_path)
    runs(distiller)
    assert distiller.generate_report() == str(tmp_path / "distillation_report_interactive.html")
    assert distiller.generate_report(report_type="static") == str(
        tmp_path / "distillation_report_static.html"
    )


def test_another_kind_of_report_is_refused(standard):
    with pytest.raises(RecipeError, match="report_type: got 'pdf'; expected 'interactive' or"):
        standard[0].generate_report(report_type="pdf")


def test_a_summary_and_a_page_name_an_ensemble_that_ships(pooled, tmp_path, monkeypatch):
    distiller, _ = pooled("proposal")
    found = distiller.distillation
    # Whether it ships depends on what the memory has suggested.
    shipped = tuple(replace(each, chosen=each.name == "ensemble") for each in found.records)
    monkeypatch.setattr(type(distiller), "distillation", replace(found, records=shipped))
    page = distiller.generate_report(tmp_path / "page.html")
    for text in (distiller.generate_summary(), Path(page).read_text("utf-8")):
        assert "The selection rows chose ensemble: accuracy " in text


def test_a_summary_holds_the_warnings_of_the_verdict(standard, monkeypatch):
    distiller, _ = standard
    found = distiller.distillation
    warned = replace(found.verdict, warnings=("Warning: made for this test",))
    monkeypatch.setattr(type(distiller), "distillation", replace(found, verdict=warned))
    assert "\nWarning: made for this test.\n" in distiller.generate_summary()
