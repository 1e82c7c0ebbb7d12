"""Measures students, for all layers of the method: to choose one, and to judge it at the end.

On selection rows: `ranking`, `gates`, `near_ties`, `repeated_selection`, `pareto` and `selection`.
On test rows: `scores`, `leaderboard`, `row_details`, `reliability`, and the `verdict` on whether
distilling paid.
"""
