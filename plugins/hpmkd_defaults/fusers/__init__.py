"""Fusers: one soft target of many teachers."""
