"""What is known of the folders among runs, whatever is in them."""

from __future__ import annotations

import json
import os

import pytest

from hpmkd.execution.journal import JournalFile
from hpmkd.runs.listing import list_run, list_runs
from hpmkd.user_key import user_key

SHIPPED = {
    **{"name": "gbm", "stage": "gbm", "trial": 3, "role": "student", "chosen": True},
    **{"selection_log_loss": 0.09, "selection_accuracy": 0.95, "selection_retention": 0.99},
    **{"bytes": 55_470, "row_us": 3.0, "accuracy": 0.95, "log_loss": 0.08},
}
FILES = {
    "run.json": {"rows": {"training": 800, "test": 200}, "chosen": "gbm", "target": "income"},
    "verdict.json": {"outcome": "pays", "sentence": "Ship gbm."},
    "counts.json": {"models_trained": 62, "seconds": {"search": 3.0, "total": 34.6}},
    "front.json": [SHIPPED | {"name": "tree", "chosen": False}, SHIPPED],
}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a run folder, in which some files hold other text."""

    def write(name, **other):
        folder = tmp_path / name
        folder.mkdir()
        for file, content in FILES.items():
            text = other.get(file.partition(".")[0], json.dumps(content))
            if text is not None:
                (folder / file).write_text(text)
        return folder

    return write


def test_a_finished_run_has_figures(write):
    found = list_run(write("a"))
    assert (found.state, found.message) == ("finished", None)
    figures = found.figures
    assert (figures.target, figures.rows, figures.verdict) == ("income", 800, "pays")
    assert (figures.student, figures.bytes, figures.row_us) == ("gbm", 55_470, 3.0)
    assert (figures.log_loss, figures.accuracy) == (0.08, 0.95)
    assert (figures.models, figures.seconds) == (62, 34.6)
    assert figures.finished == os.path.getmtime(os.path.join(found.folder, "run.json"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"verdict": None}, "verdict.json is missing"),
        ({"verdict": "{"}, "cannot be read"),
        ({"verdict": "[]"}, "got a list; expected a dict"),
        ({"verdict": '{"outcome": "wins"}'}, "wins"),
        ({"front": "[]"}, "no student that ships"),
        ({"front": '[{"name": 3}]'}, "front.json is damaged"),
        ({"counts": "{}"}, "models_trained"),
        ({"run": "{}"}, "rows"),
        ({"run": "\x00"}, "cannot be read"),
    ],
)
def test_a_damaged_run_says_by_what(write, damage, message):
    found = list_run(write("a", **damage))
    assert (found.state, found.figures) == ("damaged", None)
    assert message in found.message


def test_an_unfinished_run_says_how_to_resume_it(tmp_path):
    folder = tmp_path / "begun"
    folder.mkdir()
    journal = JournalFile(folder / "journal", user_key())
    journal.begin({"command": "hpmkd distill a.csv --resume begun"})
    journal.close()
    found = list_run(folder)
    assert found.state == "unfinished"
    assert found.message.endswith("Resume with: hpmkd distill a.csv --resume begun")


def test_runs_come_in_the_order_of_their_numbers_and_others_are_foreign(write, tmp_path):
    for name in ("adult-10", "adult-2", "Bank"):
        write(name)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / ".adult-3.draft-x").mkdir()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = {os.path.basename(each.folder): each.state for each in list_runs(tmp_path)}
    assert list(found.items()) == [
        ("Bank", "finished"),
        ("adult-2", "finished"),
        ("adult-10", "finished"),
        ("empty", "foreign"),
        ("photos", "foreign"),
    ]


def test_a_run_is_listed_alone(write):
    folder = write("a")
    assert [each.folder for each in list_runs(folder)] == [str(folder)]
