"""A stdout that is full, closed, without a reader or in a poor encoding, and a full stderr."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from tests.cli.running import piped, write_data
from tests.embedding.runs import LIGHT

#: Labels that ASCII lacks.
LABELS = ("é", "ß", "≥2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, wine):
    """A folder with a finished run and its rows."""
    folder = tmp_path_factory.mktemp("streams")
    rows = pd.DataFrame(wine[0][:, :4]).rename(columns="größe{}".format)
    named = rows.assign(kind=[LABELS[code] for code in wine[1]])
    named.to_csv(folder / "rows.csv", index=False)
    named.head(3).to_csv(folder / "few.csv", index=False)
    settings = {**LIGHT, "stages": ["logistic", "tree"]}
    found = hpmkd.distill(named, "kind", teacher=GaussianNB(), settings=settings)
    found.save(folder / "run")
    write_data(folder)
    return folder


def ran(folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
    """Run ``hpmkd`` in the folder; no traceback may be seen."""
    done = subprocess.run(
        [sys.executable, "-m", "hpmkd", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=stderr,
        timeout=240,
        check=False,
    )
    errors = (done.stderr or b"").decode("utf-8", "replace")
    assert "Traceback" not in errors, errors
    assert "Exception ignored" not in errors, errors
    return done.returncode, done.stdout, errors


COMMANDS = [
    ("predict", "run", "rows.csv"),
    ("predict", "run", "few.csv"),  # so little that it is written only at the very end
    ("evaluate", "run", "rows.csv"),
    ("explain", "run"),
    ("pick", "run"),
    ("pick", "run", "--json"),
    ("pick", "run", "--out", "-"),
    ("plugins",),
    ("recipe", "list"),
    ("--help",),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_stdout_is_one_line_and_exit_code_7(folder, arguments):
    with open("/dev/full", "wb") as full:
        # Every other one, as in containers: then nothing is held back until the end.
        unbuffered = "1" * (COMMANDS.index(arguments) % 2)
        code, _, errors = ran(folder, *arguments, stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert code == 7
    line = errors.splitlines()[-1]
    assert line.startswith("Error: cannot write to stdout: No space left on device; make room")


@pytest.mark.parametrize("arguments", COMMANDS[1::3], ids=" ".join)
def test_a_reader_that_is_gone_ends_a_command_without_a_word(folder, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    code, _, errors = ran(folder, *arguments, stdout=writing)
    os.close(writing)
    assert code == 1
    assert "Error" not in errors


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_run_whose_result_cannot_be_printed_is_complete(folder, options):
    with open("/dev/full", "wb") as full:
        arguments = piped_arguments(*options)
        code, _, errors = ran(folder, *arguments, stdout=full)
    assert code == 7
    assert "No space left on device; make room, or send it elsewhere. The run is complete" in errors
    assert "traceback" not in errors
    assert (folder / "run2" / "run.json").is_file()


def piped_arguments(*options):
    start = ["distill", "wine.csv", "--target", "target", "--out", "run2", "--overwrite"]
    teacher = ["--teacher", "sklearn.naive_bayes:GaussianNB", "--set=memory.name=none"]
    light = ["--set=sampler.trials=1", "--set=reference.name=quick", '--set=stages=["tree"]']
    return [*start, *teacher, *light, *options]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_stderr_costs_messages_alone(folder, options):
    with open("/dev/full", "wb") as full:
        code, _, _ = ran(folder, *piped_arguments(*options), stderr=full)
    assert code == 0


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
@pytest.mark.parametrize("arguments", ["pick run", "pick run --json"])
def test_streams_that_are_closed_take_nothing(folder, arguments, closed):
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m hpmkd {arguments} {closed}"],
        cwd=folder,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


POOR = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize("environment", POOR, ids=["PYTHONIOENCODING", "LC_ALL"])
def test_predictions_are_escaped_with_a_warning_where_stdout_lacks_a_sign(folder, environment):
    code, out, errors = ran(folder, "predict", "run", "few.csv", **environment)
    assert code == 0
    assert out.decode("ascii").splitlines()[0] == r"prediction,p_\xdf,p_\xe9,p_\u22652"
    assert "which lacks ßé≥" in errors or r"which lacks \xdf\xe9\u2265" in errors
    assert "--out" in errors


@pytest.mark.parametrize("arguments", COMMANDS[2:5], ids=" ".join)
def test_a_poor_encoding_stops_no_command(folder, arguments):
    assert ran(folder, *arguments, **POOR[1])[0] == 0


def test_what_the_user_wants_done_about_signs_is_done(folder):
    _, out, _ = ran(folder, "predict", "run", "few.csv", PYTHONIOENCODING="ascii:replace")
    assert out.splitlines()[0] == b"prediction,p_?,p_?,p_?2"


SIGNS = """
import sys
from hpmkd.cli.output.streams import guard
guard()
print("0.1 ± 0.2 é \\udcff \\ud800")
"""


def test_signs_that_commands_print_have_stand_ins():
    done = subprocess.run(
        [sys.executable, "-c", SIGNS],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"0.1 +/- 0.2 \\xe9 \xff \\ud800\n"


def test_a_distillation_prints_where_stdout_is_ascii(folder, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = piped(folder)
    assert done.returncode == 0, done.stderr
    assert "Regime:" in done.stdout
