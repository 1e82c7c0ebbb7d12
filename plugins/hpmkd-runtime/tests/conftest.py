"""The distribution, built and installed as its users would, once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

PLUGIN = Path(__file__).parents[1]
HOST = PLUGIN.parents[1] / "hpmkd"


@pytest.fixture(scope="session")
def vendoring():
    """The module that the build is made of."""
    spec = importlib.util.spec_from_file_location("vendoring", PLUGIN / "vendoring.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Return what builds a folder with the setuptools that is here: no test needs the network."""
    pytest.importorskip("build", reason="pip install build")
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("the license as an expression: pip install 'setuptools>=77'")

    def run(folder, *options, **environment):
        out = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "build", "--no-isolation", *options]
        done = subprocess.run(
            [*command, "--outdir", str(out), str(folder)],
            capture_output=True,
            text=True,
            # The bits are the same however much is optimised, which takes a while.
            env={**os.environ, "CFLAGS": "-O1", **environment},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return out

    return run


@pytest.fixture(scope="session")
def built(build, tmp_path_factory):
    """A folder with the sdist of the checkout, and the wheel that was built from that."""
    # A copy, for a build leaves traces.
    checkout = tmp_path_factory.mktemp("checkout")
    leave = shutil.ignore_patterns("build", "*.egg-info", "*.so", "__pycache__", "tests")
    own = checkout / "plugins" / PLUGIN.name
    shutil.copytree(PLUGIN, own, ignore=leave)
    (checkout / "hpmkd").symlink_to(HOST)
    return build(own)


@pytest.fixture(scope="session")
def install(tmp_path_factory):
    """Return what installs the wheel of a folder into another."""

    def run(folder):
        (wheel,) = folder.glob("*.whl")
        target = tmp_path_factory.mktemp("site")
        options = ["--quiet", "--no-index", "--no-deps", "--target", str(target)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
        return target

    return run


@pytest.fixture(scope="session")
def installed(built, install):
    """Where the wheel is installed."""
    return install(built)


@pytest.fixture(scope="session")
def only_numpy(tmp_path_factory):
    """A folder of packages that has NumPy and nothing else."""
    folder = tmp_path_factory.mktemp("numpy")
    home = Path(np.__file__).parent
    for part in (home, home.with_name("numpy.libs")):
        if part.exists():
            (folder / part.name).symlink_to(part)
    return folder


@pytest.fixture(scope="session")
def python(only_numpy):
    """Return what runs code where there are NumPy and an installed runtime."""

    def run(site, code, *arguments, **environment):
        start = "import sys; sys.path[:0] = sys.argv[1:3]; del sys.argv[1:3]\n"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", start + code, site, only_numpy, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
