"""Drift: how far a table is from the rows that a student was trained on."""
