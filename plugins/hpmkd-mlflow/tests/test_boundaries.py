"""The observer hooks are enough, and nothing else of hpmkd is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import hpmkd_mlflow

PUBLIC = {"hpmkd", "hpmkd.contracts", "hpmkd.student", "hpmkd.values"}


def test_only_public_names_of_hpmkd_are_imported():
    seen = set()
    for path in Path(hpmkd_mlflow.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "hpmkd":
                assert node.module in PUBLIC, f"{path.name} imports {node.module}"
                seen.add(node.module)
    assert seen == PUBLIC


def test_listing_it_loads_nothing_heavy():
    code = "import sys, hpmkd_mlflow; print({'mlflow', 'numpy', 'sklearn'} & set(sys.modules))"
    source = str(Path(hpmkd_mlflow.__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
