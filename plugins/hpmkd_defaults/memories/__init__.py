"""Memories: what was learned on past data sets."""
