"""Memories: what past data sets taught."""
