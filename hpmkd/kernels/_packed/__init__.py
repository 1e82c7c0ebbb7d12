"""The compiled loops that answer from one packed buffer: a row, or rows in blocks.

No fastmath: a
margin is summed in one stated order, so that its bits depend neither on the rows beside it nor
on the processor. The buffer, word by word: :mod:`hpmkd.student.packed.words`.
It is trusted: only that module makes one, from a model that has checked itself; what a
caller hands in is checked here: a kernel returns -1 where something is wrong, and touches nothing.

The kernels of a single row are functions of Python's C interface, which take objects by address:
handing an array to a numba dispatcher takes .1 us each, to these .01 us. They look the array up
in NumPy's own structure, which its C interface lays down, and the row in CPython's dict.

Indices are unsigned: a signed one costs a test for wrap-around. A cell of a row is turned into
one that needs no test for missing values, once, before all trees: NaN becomes -inf or +inf,
whichever takes its default direction.
"""
