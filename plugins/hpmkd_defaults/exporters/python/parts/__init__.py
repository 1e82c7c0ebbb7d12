"""The common parts of written files: each module here is copied into them unchanged.

Of a module, what follows the line :data:`hpmkd_defaults.exporters.python.source.FROM_HERE` is
copied, and what is imported from the standard library above it. So it has to run on Python 3.8
without anything else, and names that a written file has of its own come from
:mod:`~hpmkd_defaults.exporters.python.parts.student`.
"""
