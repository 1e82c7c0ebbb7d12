"""Runs the method: split, teach, search, chain, finish, measure.

The steps are functions over one context, each in the module of its name; `run` calls them in
this order and knows no algorithm. `trainer` fits and counts students for all of them.
"""
