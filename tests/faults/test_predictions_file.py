"""``predict --out`` is whole or nothing; a pipe, a device and stdout receive it as it comes."""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from tests.embedding.runs import X
from tests.faults.running import hpmkd_runs


def predicted(out):
    return hpmkd_runs("predict", "done/student.hpmkd", "rows.csv", "--out", out)


@pytest.fixture
def rows(folder):
    """``rows.csv``, as the run knows them."""
    pd.DataFrame(X).to_csv("rows.csv", index=False)
    return folder


def test_predictions_replace_a_file_whole_through_a_link_too(rows):
    (rows / "old.csv").write_text("old")
    (rows / "old.csv").chmod(0o640)
    (rows / "link").symlink_to("old.csv")
    (rows / "dangling").symlink_to("new.csv")
    for name, target in (("link", "old.csv"), ("dangling", "new.csv")):
        assert predicted(name).exit_code == 0
        assert (rows / name).is_symlink()
        assert len(pd.read_csv(target)) == len(X)
    assert stat.S_IMODE((rows / "old.csv").stat().st_mode) == 0o640


@pytest.mark.parametrize("fails", ["pandas.DataFrame.to_csv", "hpmkd.files.os.fsync"])
@pytest.mark.parametrize("out", ["old.csv", "link"])
def test_a_full_disk_leaves_the_old_predictions(rows, monkeypatch, fails, out):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    (rows / "old.csv").write_text("old")
    (rows / "link").symlink_to("old.csv")
    before = sorted(os.listdir(rows))
    monkeypatch.setattr(fails, full)
    done = predicted(out)
    assert done.exit_code == 7
    assert done.stderr == (
        f"Error: cannot write {out}: No space left on device; choose another --out\n"
    )
    assert (rows / "old.csv").read_text() == "old"
    assert sorted(os.listdir(rows)) == before


def test_predictions_go_through_a_pipe_and_a_device(rows):
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    assert predicted("pipe").exit_code == 0
    reader.join(60)
    assert read[0].startswith("prediction,p_0,p_1\n")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert predicted(os.devnull).exit_code == 0
    done = predicted("/dev/full")
    assert (done.exit_code, done.stderr.count("\n")) == (7, 1)


@pytest.mark.parametrize("to", ["file", "pipe"])
def test_dev_stdout_is_stdout_even_if_that_is_a_file(rows, to):
    command = f"{sys.executable} -m hpmkd predict done/student.hpmkd rows.csv --out /dev/stdout"
    (rows / "all.txt").write_text("before\n")
    script = f"{command} >> all.txt" if to == "file" else f"{command} | cat >> all.txt"
    subprocess.run(["sh", "-c", f"{script}; echo after >> all.txt"], timeout=240, check=True)
    lines = (rows / "all.txt").read_text().splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("before", "prediction,p_0,p_1", "after")
    assert len(lines) == len(X) + 3


def test_predictions_are_compressed_by_their_name_as_before(rows):
    assert predicted("new.csv.gz").exit_code == 0
    assert gzip.decompress(Path("new.csv.gz").read_bytes()).startswith(b"prediction,")
