"""The loops of :mod:`hpmkd.kernels._packed` in NumPy alone, to the same bits.

The same operations on float32 and float64 in the same order, for many rows at once: a sum grows by
one term after another for each row by itself, and never by NumPy's pairwise summation.
A module here does what the one of the same name does there. A row is a table of one row.

Arrays are laid out with the rows last, ``(…, n)``, where loops run over rows, and ``(n, C)`` where
they are handed on.
"""
