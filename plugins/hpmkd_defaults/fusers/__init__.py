"""Fusers: one soft target from many teachers."""
