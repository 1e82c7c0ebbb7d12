"""Runs tasks: where, in which order, and what of them survives a stop."""
