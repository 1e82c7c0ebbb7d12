"""A new student file is taken, a damaged one refused, and the old student answers meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import os

import pytest

from hpmkd.errors import StudentFileError
from hpmkd.testing.students import known_student
from hpmkd_serve import watched_file
from hpmkd_serve.app import create_app


@pytest.fixture
def others():
    """Students with other answers, and with other columns and classes."""
    return known_student("tree", "breast_cancer", True), known_student("linear", "wine", False)


def test_another_student_answers_once_it_is_loaded(mixed, others, row, caplog):
    before = mixed.post(json.dumps(row))
    others[0].save(mixed.path)
    assert mixed.post(json.dumps(row)).json() == before.json()
    with caplog.at_level(logging.INFO):
        mixed.file.load()
    after = mixed.post(json.dumps(row))
    assert after.json()["probabilities"] == others[0].predict_proba([row])[0].tolist()
    assert after.headers["x-hpmkd-student"] != before.headers["x-hpmkd-student"]
    assert "answers from now on" in caplog.text
    assert "changed" not in caplog.text


def test_other_columns_and_classes_are_taken_and_logged(mixed, others, caplog):
    others[1].save(mixed.path)
    with caplog.at_level(logging.INFO):
        mixed.file.load()
    assert "its columns and classes have changed: see /schema" in caplog.text
    schema = mixed.get("/schema").json()
    assert schema["classes"] == others[1].classes_.tolist()
    assert {each["kind"] for each in schema["columns"]} == {"number"}
    assert mixed.post(json.dumps(schema["example"])).status_code == 200


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "missing", "a folder"])
def test_a_damaged_file_is_logged_and_the_old_student_still_answers(damage, mixed, row, caplog):
    content = mixed.path.read_bytes()
    before = mixed.post(json.dumps(row)).json()
    mixed.path.unlink()
    if damage == "a folder":
        mixed.path.mkdir()
    elif damage != "missing":
        flipped = content[:100] + bytes([content[100] ^ 1]) + content[101:]
        mixed.path.write_bytes({"cut": content[:-9], "flipped": flipped, "empty": b""}[damage])
    mixed.file.load()

    assert mixed.post(json.dumps(row)).json() == before
    health = mixed.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "stale"
    assert str(mixed.path) in health.json()["problem"]
    assert "the new student is refused" in caplog.text
    text = mixed.get("/metrics").text
    assert "hpmkd_student_file_refused 1.0" in text
    assert 'hpmkd_student_loads_total{outcome="refused"} 1.0' in text

    if damage == "a folder":
        mixed.path.rmdir()
    mixed.path.write_bytes(content)
    mixed.file.load()
    assert mixed.get("/health").json()["status"] == "ok"
    assert "hpmkd_student_file_refused 0.0" in mixed.get("/metrics").text


def test_on_any_loading_error_the_old_student_still_answers(mixed, row, monkeypatch):
    monkeypatch.setattr("hpmkd_serve.served.Student.from_bytes", lambda content: 1 / 0)
    mixed.file.load()
    assert "ZeroDivisionError" in mixed.get("/health").json()["problem"]
    assert mixed.post(json.dumps(row)).status_code == 200


def test_the_file_is_loaded_when_it_is_replaced_or_when_asked(mixed, others, monkeypatch):
    loads = []
    monkeypatch.setattr(watched_file, "SECONDS", 0.01)
    load = mixed.file.load
    monkeypatch.setattr(mixed.file, "load", lambda: (load(), loads.append(1)))

    async def until(n):
        while len(loads) < n:
            await asyncio.sleep(0.005)

    async def watched():
        task = asyncio.create_task(mixed.file.watch())
        await asyncio.sleep(0.1)
        assert loads == []
        others[0].save(mixed.path)
        await asyncio.wait_for(until(1), 60)
        mixed.file.ask()
        await asyncio.wait_for(until(2), 60)
        content = mixed.path.read_bytes()
        os.unlink(mixed.path)
        await asyncio.wait_for(until(3), 60)
        assert mixed.file.problem is not None
        mixed.path.write_bytes(content)
        await asyncio.wait_for(until(4), 60)
        assert mixed.file.problem is None
        task.cancel()

    asyncio.run(watched())


def test_there_is_a_student_to_begin_with(tmp_path):
    with pytest.raises(StudentFileError, match="cannot be read: No such file"):
        create_app(tmp_path / "none.hpmkd")
    (tmp_path / "odd.hpmkd").write_bytes(b"odd")
    with pytest.raises(StudentFileError, match=r"odd\.hpmkd"):
        create_app(tmp_path / "odd.hpmkd")
