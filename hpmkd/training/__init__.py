"""Fits students for all layers of the method: on soft targets, in the run or in its workers.

`fit` fits one student, `trials` evaluates it on selection rows, `refit` fits each stage's best
and its control on all rows, `ensemble` fuses the best of them; `pool` chooses a few
that are better together.
"""
