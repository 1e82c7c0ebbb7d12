"""Augmenters: new rows like the given ones, for the teachers to label."""
