"""Schedulers: how soft the targets are, round by round."""
