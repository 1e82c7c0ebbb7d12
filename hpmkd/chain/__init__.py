"""Layer 2 of the method: students that build on the students of simpler stages.

`chain` tries each link and accepts it only if it pays on the selection rows; `parents` fits the
students that others build on.
"""
