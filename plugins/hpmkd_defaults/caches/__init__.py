"""Caches: arrays that are dear to compute."""
