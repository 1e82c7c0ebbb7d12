"""JavaScript modules: size, import, and the time of a row in Node.js.

Run ``python -m benchmarks exporters-js --markdown docs/exporters-js.md``. Boosted students are
fitted with XGBoost and the others as the tests fit theirs, for it is size and time that count here.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import click
import numpy as np
import xgboost as xgb

from benchmarks.common.datasets import at_most
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.common.timing import milliseconds
from hpmkd.student import Pool, Schema, Student, fit_encoder, pack_booster, pool_students
from hpmkd.testing.students import fitted_student
from hpmkd_defaults.exporters.js.module import to_module

SETS = ("breast_cancer", "adult", "digits")
ROWS, CALLS = 2_000, 2_000
PAGE = Path(__file__).with_suffix(".md")
HEADER = ("set", "K", "columns", "student", ".hpmkd bytes", ".mjs bytes", "of these the student")
HEADER += (".mjs.gz bytes", "import ms", "one row µs", "predict_one µs")
#: Wall time of the import in a new process; CPU time of a row, a median of rounds.
SCRIPT = """
import { readFileSync } from "node:fs";
const start = performance.now();
const { predictProba } = await import("./student.mjs");
const imported = performance.now() - start;
const rows = JSON.parse(readFileSync("rows.json", "utf-8"));
const rounds = [];
for (let round = 0; round < 9; round++) {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) predictProba(rows[call % rows.length]);
  const { user, system } = process.cpuUsage(before);
  rounds.push((user + system) / CALLS);
}
console.log(JSON.stringify([imported, rounds.sort((a, b) => a - b)[4]]));
"""


def boosted(table, labels, rounds: int, depth: int) -> Student:
    """Boost so many rounds."""
    encoder = fit_encoder("tree", Schema.fit(table), table)
    n_classes = int(labels.max()) + 1
    settings = {"objective": "binary:logistic", "nthread": 1, "max_depth": depth, "eta": 0.1}
    if n_classes > 2:
        settings |= {"objective": "multi:softprob", "num_class": n_classes}
    data = xgb.DMatrix(encoder.transform(table), labels)
    n_margins = 1 if n_classes == 2 else n_classes
    model = pack_booster(xgb.train(settings, data, rounds), n_margins)
    return Student(encoder, model, np.arange(n_classes))


def students(table, labels) -> dict[str, Student]:
    """Return students of every kind by what they are called."""
    found = {
        "linear": fitted_student("linear", table, labels),
        "tree": fitted_student("tree", table, labels),
        "80 trees of depth 4": boosted(table, labels, 80, 4),
        "240 trees of depth 4": boosted(table, labels, 240, 4),
        "80 trees of depth 8": boosted(table, labels, 80, 8),
        "network": fitted_student("network", table, labels),
    }
    members = [found[name] for name in ("linear", "80 trees of depth 4", "network")]
    found["ensemble of three"] = pool_students(members, Pool.mean(3, int(labels.max()) + 1))
    return found


def in_node(student: Student, rows: list[dict]) -> tuple[float, float]:
    """Return milliseconds of the import and microseconds of a row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "student.mjs").write_text(to_module(student))
        (folder / "rows.json").write_text(json.dumps(rows))
        (folder / "time.mjs").write_text(SCRIPT.replace("CALLS", str(CALLS)))
        command = [shutil.which("node") or "node", "time.mjs"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    imported, row = json.loads(done.stdout)
    return imported, row


def cells(name: str) -> list[tuple[str, ...]]:
    """Return the lines of a set, one per student."""
    table, labels = at_most(name, ROWS)
    labels = np.unique(labels, return_inverse=True)[1]
    frame = table.astype(object).where(table.notna(), None)
    rows = frame.head(500).to_dict("records")
    lines = []
    for kind, student in students(table, labels).items():
        module = to_module(student)
        words = student.packed.words.nbytes * 4 // 3
        imported, row = in_node(student, rows)
        python = milliseconds([lambda s=student: [s.predict_one(each) for each in rows]], 9)[0]
        lines.append((
            name, str(len(student.classes)), str(table.shape[1]), kind, f"{student.n_bytes:,}",
            f"{len(module):,}", f"{words:,}", f"{len(gzip.compress(module.encode())):,}",
            f"{imported:.1f}", f"{row:.2f}", f"{1e3 * python / len(rows):.2f}",
        ))  # fmt: skip
    return lines


@click.command()
@page_option
def main(markdown: Path | None) -> None:
    """Measure modules of students of every kind on three sets."""
    lines = [line for name in SETS for line in cells(name)]
    table = console_tables([("", HEADER, lines)]).strip()
    if markdown is not None:
        command = [shutil.which("node") or "node", "--version"]
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        replace_measured(markdown, "exporters-js", filled(PAGE, version=version, table=table))
