"""With ``--json`` a program reads all that hpmkd reports from stderr, with one parser."""

from __future__ import annotations

import io
import json
import math
import re

import numpy as np
import pytest
from click.testing import CliRunner

from hpmkd import hookspecs
from hpmkd.cli import cli
from hpmkd.cli.output.json_lines import Events
from hpmkd.cli.progress import json as lines
from hpmkd.progress import heartbeat
from tests.cli import running

OBSERVED = {
    name.removeprefix("hpmkd_")
    for name in vars(hookspecs)
    if name.startswith("hpmkd_") and name.endswith("ed")
}


def parsed(text):
    """Every line of a text but those of the noisy teacher; NaN and the like are no JSON."""
    lines = [line for line in text.splitlines() if not line.startswith("fitted in ")]
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    running.write_data(folder)
    return folder


@pytest.fixture(scope="module")
def done(folder):
    """A run in two processes, with a teacher that warns and prints."""
    # Workers start once a task was done here, which is noted.
    more = ["--json", "--workers", "2", "--set", "pipeline.start_seconds=0.001"]
    done = running.piped(folder, *more, teacher="noisy:Noisy")
    assert done.returncode == 0, done.stderr
    return done


def test_every_line_is_an_event_and_stdout_is_the_result(done):
    events = parsed(done.stderr)
    assert {each["event"] for each in events} >= {
        *("run_started", "phase_advanced", "work_advanced", "noted", "trial_finished"),
        *("stage_finished", "run_finished"),
    }
    seconds = [each["seconds"] for each in events]
    assert seconds == sorted(seconds)
    (finished,) = (each for each in events if each["event"] == "run_finished")
    result = json.loads(done.stdout)
    assert finished["leaderboard"] == result["leaderboard"]
    assert finished["verdict"] == result["verdict"]
    assert finished["student"].startswith("<Student: ")
    assert finished["counts"]["models_trained"] == result["counts"]["models_trained"]


def test_trials_are_told_as_the_run_folder_has_them(done, folder):
    trials = [each["trial"] for each in parsed(done.stderr) if each["event"] == "trial_finished"]
    assert trials == json.loads((folder / "run" / "trials.json").read_text("utf-8"))


def test_the_search_ends_with_as_many_steps_as_there_were_trials(done, folder):
    events = [each for each in parsed(done.stderr) if each["event"] == "phase_advanced"]
    # Two searches: on hard labels, then with the teacher.
    steps = [each for each in events if each["phase"] == "search"]
    ends = [
        one
        for one, following in zip(steps, [*steps[1:], None], strict=True)
        if following is None or following["done"] < one["done"]
    ]
    trials = json.loads((folder / "run" / "trials.json").read_text("utf-8"))
    searched = sum(each["after"] is None for each in trials)
    assert len(ends) == 2
    assert all(each["done"] == each["total"] for each in ends)
    assert sum(each["done"] for each in ends) == searched


def test_work_is_told_of_two_workers(done):
    events = [each for each in parsed(done.stderr) if each["event"] == "work_advanced"]
    assert {each["job"] for each in events} >= {"fold", "trial", "student"}
    # Until the workers are started, there is this process.
    assert {each["workers"] for each in events} == {1, 2}
    assert all(0 <= each["done"] <= each["total"] and each["busy"] <= 2 for each in events)


def test_warnings_are_events_whichever_process_they_are_of(done):
    events = parsed(done.stderr)
    warned = [(each["category"], each["message"]) for each in events if each["event"] == "warning"]
    assert ("UserWarning", "slow to converge: é") in warned


def test_what_others_print_comes_between_the_events_as_it_is(done):
    printed = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert all(re.fullmatch(r"fitted in \d+", line) for line in printed)
    assert len({*printed}) > 1, "by workers, too"


def test_messages_of_the_command_are_events(done, folder):
    again = running.piped(folder, "--json", resume="run", teacher="noisy:Noisy")
    assert again.returncode == 0, again.stderr
    (message,) = parsed(again.stderr)
    assert message["event"] == "message"
    assert message["message"] == "run is complete; nothing was run"


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--target", "nobody"], 3, "nobody"),
        (["--target", "target", "--no-such-option"], 2, "--no-such-option"),
        (["--target", "target", "--workers", "0"], 2, "0"),
        (["--target", "target", "--set", "sampler.name=nobody"], 2, "nobody"),
    ],
)
def test_an_error_is_the_last_event(folder, more, code, says):
    arguments = [str(folder / "wine.csv"), "--out", str(folder / "none")]
    done = CliRunner().invoke(cli, ["distill", *arguments, *more, "--json"])
    assert (done.exit_code, done.stdout) == (code, "")
    error = parsed(done.stderr)[-1]
    assert (error["event"], error["exit_code"]) == ("error", code)
    assert says in error["message"]


def test_a_bug_is_an_error_with_its_traceback(folder, monkeypatch):
    monkeypatch.setattr("hpmkd.api.run", lambda *_, **__: {}["missing"])
    arguments = [str(folder / "wine.csv"), "--target", "target", "--out", str(folder / "none")]
    done = CliRunner().invoke(cli, ["distill", *arguments, "--json"])
    (error,) = parsed(done.stderr)
    assert (error["message"], error["exit_code"]) == ("KeyError: 'missing'", 1)
    assert error["traceback"].startswith("Traceback")
    assert done.exit_code == 1


def test_a_run_that_fails_says_so_before_the_command_does(folder):
    arguments = [str(folder / "wine.csv"), "--target", "target", "--out", str(folder / "none")]
    more = ["--teacher", "noisy:Noisy", *running.LIGHT, "--budget-models", "1", "--workers", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        done = CliRunner().invoke(cli, ["distill", *arguments, *more, "--json"])
    failed, error = parsed(done.stderr)[-2:]
    assert (failed["event"], error["event"]) == ("run_failed", "error")
    assert failed["error"] == {"type": "RecipeError", "message": error["message"]}
    assert done.exit_code == error["exit_code"] == 2


def test_quiet_leaves_errors_alone(folder):
    arguments = [str(folder / "wine.csv"), "--target", "nobody", "--out", str(folder / "none")]
    done = CliRunner().invoke(cli, ["distill", *arguments, "--json", "--quiet"])
    assert [each["event"] for each in parsed(done.stderr)] == ["error"]


def test_there_is_an_event_of_every_hook_with_its_arguments():
    import inspect

    for name in OBSERVED:
        hook = f"hpmkd_{name}"
        taken = set(inspect.signature(getattr(lines.JsonLines, hook)).parameters) - {"self"}
        assert taken == set(inspect.signature(getattr(hookspecs, hook)).parameters), name


def test_any_value_is_written_as_json():
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors="backslashreplace")
    events = Events(stream)
    events.write(
        "any",
        inf=math.inf,
        nan=np.float64("nan"),
        number=np.int64(3),
        array=np.array([1.5, np.inf]),
        text="é\n",
        odd={1: object},
    )
    stream.seek(0)
    (event,) = parsed(stream.read())
    assert (event["inf"], event["nan"], event["number"]) == (None, None, 3)
    assert (event["array"], event["text"]) == ([1.5, None], "é\n")


def test_silence_is_broken(monkeypatch):
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_TICKS", 0.01)
    monkeypatch.setattr(lines, "SECONDS_OF_SILENCE", 0.0)
    stream = Stream()
    with lines.JsonLines(Events(stream)):
        assert stream.line.wait(60)
    assert {each["event"] for each in parsed("".join(stream.texts))} == {"alive"}


class Stream:
    """A stream that records when it was written to."""

    def __init__(self):
        import threading

        self.line, self.texts = threading.Event(), []

    def write(self, text):
        self.texts.append(text)
        self.line.set()

    def flush(self):
        pass
