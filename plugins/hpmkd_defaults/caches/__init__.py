"""Caches of arrays that are expensive to compute."""
