"""The model card of the shipped student, in the form of Hugging Face's and skops' cards."""

from __future__ import annotations

from hpmkd.report.card.markdown import model_card
from hpmkd.report.card.sections import TO_FILL, Section, sections

__all__ = ["TO_FILL", "Section", "model_card", "sections"]
