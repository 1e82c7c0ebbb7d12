"""Rows, labels, splits and encoded matrices: what every step starts from."""
