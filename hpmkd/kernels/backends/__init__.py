"""By what packed students answer: compiled C, numba, or NumPy alone; all give the same bits.

Each module here offers the same five functions, which :mod:`hpmkd.kernels.packed` describes and
calls: ``row_kernel``, ``dict_kernel``, ``table_kernel``, ``link_rows`` and ``fuse_rows``. It
raises an ImportError where it cannot answer. ``COMPILES`` says whether a kernel takes seconds at
its first use, so that it pays to make it ahead.
"""
