"""Node.js, and the files of the kernel as modules that a test imports one by one."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files

import pytest


@pytest.fixture(scope="session")
def node():
    """Return the path of Node.js."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no Node.js; install it: apt-get install nodejs")
    return found


@pytest.fixture(scope="session")
def run_js(node, tmp_path_factory):
    """Return a function that runs a script beside the kernel, on a JSON value `given`.

    What the script assigns to `found` comes back, by way of JSON.
    """
    folder = tmp_path_factory.mktemp("kernel")
    for path in files("hpmkd_defaults.exporters.js").joinpath("kernel").iterdir():
        shutil.copy(str(path), folder)
    folder.joinpath("package.json").write_text('{"type": "module"}')

    def run(script, given=None):
        source = f"""
        import {{ readFileSync }} from "node:fs";
        const given = JSON.parse(readFileSync(0, "utf-8"));
        let found;
        {script}
        process.stdout.write(JSON.stringify(found));
        """
        folder.joinpath("script.js").write_text(source, "utf-8")
        done = subprocess.run(
            [node, str(folder / "script.js")],
            input=json.dumps(given),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
