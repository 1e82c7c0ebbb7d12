"""Makes the site: links the pages, writes the reference from the code, builds, checks every link.

Data flow one way: code -> Markdown -> site. What is made here is never committed.
"""
