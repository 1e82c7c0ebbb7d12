"""Whether two versions of a file do the same: words in comments and docstrings do not count."""

from __future__ import annotations

import ast
import tomllib

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def same_code(path: str, one: str, other: str) -> bool:
    """Tell whether two texts of a file are the same code.

    Parameters
    ----------
    path : str
        Of the file; its suffix names the language. Python and TOML are parsed, others are
        compared as they are.
    one, other : str
        Two versions of it.
    """
    if one == other:
        return True
    try:
        if path.endswith(".py"):
            return _bare(one) == _bare(other)
        if path.endswith(".toml"):
            return tomllib.loads(one) == tomllib.loads(other)
    except (SyntaxError, tomllib.TOMLDecodeError):
        pass  # one of them is no code: the texts differ
    return False


def _bare(source: str) -> str:
    """Return a module's syntax tree without docstrings; comments are not in it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)
