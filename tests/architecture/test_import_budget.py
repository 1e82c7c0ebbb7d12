from __future__ import annotations

import pytest

HEAVY = ("numba", "sklearn", "xgboost", "optuna", "pandas", "scipy", "onnx", "onnxruntime")
RUN = """
import contextlib, io, sys
from hpmkd.cli import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli({arguments!r}, standalone_mode=False)
"""


@pytest.mark.parametrize(
    "source",
    [
        "import hpmkd, sys; dir(hpmkd)",
        "from hpmkd import Offer, hookimpl; import sys",
        "from hpmkd import Registry; import sys; Registry.installed().require_sound()",
        RUN.format(arguments=["--help"]),
        RUN.format(arguments=["--version"]),
        RUN.format(arguments=["plugins"]),
        RUN.format(arguments=["recipe", "show", "hpm"]),
        RUN.format(arguments=["recipe", "list"]),
        RUN.format(arguments=["distill", "--help"]),
        RUN.format(arguments=["predict", "--help"]),
        RUN.format(arguments=["evaluate", "--help"]),
        RUN.format(arguments=["demo", "--help"]),
        RUN.format(arguments=["export", "--help"]),
    ],
)
def test_what_needs_nothing_heavy_loads_nothing_heavy(in_fresh_process, source):
    loaded = f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    assert in_fresh_process(f"{source}\n{loaded}") == "[]"
