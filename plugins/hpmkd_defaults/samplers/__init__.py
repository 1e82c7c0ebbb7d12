"""Samplers: which configurations to try."""
