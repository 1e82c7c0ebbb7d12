"""The report of a run: one HTML file that opens offline, its pictures, and a model card.

>>> from hpmkd.report import write_report
>>> write_report(hpmkd.load("runs/adult"), "report.html")  # doctest: +SKIP

Needs ``pip install 'hpmkd[report]'``. All numbers are those of the run
(:class:`~hpmkd.runs.result.Distillation`), just made or loaded from its folder.
"""

from __future__ import annotations

from hpmkd.report.card import model_card
from hpmkd.report.write import write_figures, write_report

__all__ = ["model_card", "write_figures", "write_report"]
