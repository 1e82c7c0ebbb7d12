"""Finds plugins, checks what they offer, and blames them by name."""
