"""What a task outputs in another process is output in that of the run."""

from __future__ import annotations

import sys
import warnings

import pytest

from hpmkd.execution import captured_output
from hpmkd.execution.captured_output import CapturedOutput, capture_output, this_place

ELSEWHERE = ("another machine", 1)


def speak():
    warnings.warn("beware", RuntimeWarning, stacklevel=2)
    sys.stderr.write("psst\n")
    sys.stdout.write("hear\n")


def captured():
    with capture_output(ELSEWHERE) as found:
        speak()
    return found


def test_at_home_nothing_is_captured(capsys):
    with pytest.warns(RuntimeWarning, match="beware"), capture_output(this_place()) as found:
        speak()
    assert capsys.readouterr() == ("hear\n", "psst\n")
    assert found == CapturedOutput()


def test_elsewhere_it_is_captured_and_repeated_as_it_was(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        found = captured()
    assert capsys.readouterr() == ("", "")
    with pytest.warns(RuntimeWarning, match="beware") as caught:
        found.repeat(set())
    assert caught[0].filename == __file__
    assert capsys.readouterr() == ("hear\n", "psst\n")


def test_a_warning_of_every_task_is_repeated_once():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        every, repeated = [captured() for _ in range(3)], set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for each in every:
            each.repeat(repeated)
    assert len(caught) == 1


def test_the_filters_of_the_caller_hold():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        found = captured()
    with pytest.raises(RuntimeWarning, match="beware"):
        found.repeat(set())


def test_a_class_that_is_unknown_here_is_any_warning():
    def own(name):
        return captured_output.CapturedWarning("m", "a_module_of_a_worker", name, "f.py", 3).type

    assert own("Special") is UserWarning
    assert captured_output.CapturedWarning("m", "builtins", "int", "f.py", 3).type is UserWarning


def test_the_output_of_a_task_that_raises_is_not_lost(capsys):
    def task():
        with capture_output(ELSEWHERE):
            sys.stderr.write("last words\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        task()
    assert capsys.readouterr().err == "last words\n"
