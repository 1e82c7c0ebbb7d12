"""Runs tasks: where, in which order, and with what kept if they stop."""
