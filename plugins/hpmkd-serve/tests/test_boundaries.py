"""What a third party may use is enough, and is all that is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import hpmkd_serve

PUBLIC = {
    "hpmkd",
    "hpmkd.cli.load_student",  # what RUN means, as for the commands beside it
    "hpmkd.errors",
    "hpmkd.student",
    "hpmkd.student.columns.column",
    "hpmkd.student.decisions",
}


def test_only_these_modules_of_hpmkd_are_imported():
    seen = set()
    for path in Path(hpmkd_serve.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "hpmkd":
                assert node.module in PUBLIC, f"{path.name} imports {node.module}"
                assert not any(each.name.startswith("_") for each in node.names)
                seen.add(node.module)
    assert seen == PUBLIC


def test_listing_it_and_its_help_load_nothing_heavy():
    code = (
        "import sys, click, hpmkd_serve; group = click.Group(); hpmkd_serve.hpmkd_commands(group); "
        "group.commands['serve'].get_help(click.Context(group.commands['serve'])); "
        "print({'fastapi', 'uvicorn', 'prometheus_client', 'numpy', 'pandas'} & set(sys.modules))"
    )
    source = str(Path(hpmkd_serve.__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_server_loads_no_pandas_and_no_scikit_learn(mixed_student, tmp_path):
    path = mixed_student.save(tmp_path / "student.hpmkd")
    code = (
        "import sys; from pathlib import Path; from hpmkd_serve import app; "
        f"app.create_app(Path({str(path)!r})); "
        "print({'pandas', 'sklearn', 'xgboost', 'optuna'} & set(sys.modules))"
    )
    source = str(Path(hpmkd_serve.__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
