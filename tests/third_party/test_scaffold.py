"""What ``hpmkd plugin new`` writes is installed by pip, tests itself, and is distilled with."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

NEW = ["scaffold"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a new stage."""
    from hpmkd.cli.scaffold.distribution import write_distribution
    from hpmkd.cli.scaffold.names import PluginNames

    folder = tmp_path_factory.mktemp("written") / "hpmkd-discriminant"
    write_distribution(PluginNames.parse("discriminant", "stage"), folder)
    return folder


def test_it_is_installed_tests_itself_and_is_distilled_with(written, sites, run, distill):
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index"]
    done = run([], *pip, "--no-build-isolation", "--target", sites / NEW[0], written)
    assert done.code == 0, done.err

    # Of what is installed, not of the sources beside the tests.
    options = ["-o", "pythonpath=", "-p", "no:cacheprovider", "-q"]
    done = run(NEW, "-m", "pytest", *options, written)
    assert done.code == 0, done.out
    assert "passed" in done.out

    done = distill(NEW, "--student", "discriminant")
    assert done.code == 0, done.err
    assert "discriminant" in done.out
