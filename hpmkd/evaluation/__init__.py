"""Scores, ranks and gates students, and gives the verdict."""
