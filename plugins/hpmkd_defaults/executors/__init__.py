"""Executors: where independent tasks run."""
