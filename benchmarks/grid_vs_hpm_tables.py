"""Writes the document of the comparison."""


def document(found):
    return str(len(found))
