"""What ``python -m build`` makes, installed beside NumPy and nothing else: the bits of hpmkd."""

import json
import pickle
import shutil
import tarfile
import zipfile
from email import message_from_bytes

import numpy as np
import pandas as pd
import pytest

import hpmkd
from hpmkd.errors import StudentFileError
from hpmkd.student import Schema, Student, TreesModel, fit_encoder
from hpmkd.testing.datasets import dated, real_problem
from hpmkd.testing.students import EVERY_KIND, fitted_student, known_student
from hpmkd_defaults.exporters.parity_rows import probe_rows

pytestmark = pytest.mark.slow

COMPILER = shutil.which("cc") or shutil.which("gcc")
KERNELS = [
    pytest.param("c", marks=pytest.mark.skipif(not COMPILER, reason="apt-get install gcc")),
    "numpy",
]
#: What nobody needs who has a student.
FOREIGN = {"numba", "llvmlite", "scipy", "pandas", "sklearn", "xgboost", "click", "hpmkd"}

ANSWER = """
import hpmkd_runtime
assert "numpy" not in sys.modules
import json, pickle
from pathlib import Path
import numpy as np
folder, found = Path(sys.argv[1]), {}
for path in sorted(folder.glob("*.hpmkd")):
    student, rows = hpmkd_runtime.load(path), pickle.loads(path.with_suffix(".rows").read_bytes())
    name, matrix = path.stem, np.load(path.with_suffix(".npy"))
    found[f"{name} rows"] = student.predict_proba(rows)
    found[f"{name} few"] = student.predict_proba(rows[:5])
    found[f"{name} one"] = np.array([student.predict_one(row) for row in rows[:50]])
    found[f"{name} matrix"] = student.packed.probabilities_of(matrix)
    assert student.to_bytes() == path.read_bytes()
np.savez(folder / sys.argv[2], **found)
from hpmkd_runtime.kernels.packed import backend
print(json.dumps([backend().__name__, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(scope="module")
def students(tmp_path_factory):
    """Files of every family, rows for them, and what hpmkd answers."""
    folder, expected = tmp_path_factory.mktemp("students"), {}
    made = {
        f"{family} {problem} {kind}": known_student(family, problem, kind == "mixed")
        for family in EVERY_KIND
        for problem in ("breast_cancer", "wine")
        for kind in ("numbers", "mixed")
    } | {f"{family} dated": fitted_student(family, *dated()) for family in EVERY_KIND}
    for name, student in made.items():
        frame = probe_rows(student, 300)
        rows, path = plain(frame), student.save(folder / f"{name}.hpmkd")
        matrix = student.encoder.schema.matrix(frame)
        path.with_suffix(".rows").write_bytes(pickle.dumps(rows))
        np.save(path.with_suffix(".npy"), matrix)
        found = student.predict_proba(rows)
        expected[f"{name} rows"], expected[f"{name} few"] = found, found[:5]
        expected[f"{name} one"] = np.array([student.predict_one(row) for row in rows[:50]])
        expected[f"{name} matrix"] = student.packed.probabilities_of(matrix)
    return folder, expected


def plain(frame):
    """Return the rows of a frame as plain values."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {
            name: cell.to_pydatetime(warn=False) if isinstance(cell, pd.Timestamp) else cell
            for name, cell in row.items()
        }
        for row in rows
    ]


@pytest.mark.parametrize("kernels", KERNELS)
def test_every_family_answers_to_the_bit_beside_numpy_alone(kernels, students, installed, python):
    folder, expected = students
    said = python(installed, ANSWER, folder, f"{kernels}.npz", HPMKD_KERNELS=kernels)
    backend, modules = json.loads(said)
    assert backend == f"hpmkd_runtime.kernels.backends.{kernels}"
    assert not FOREIGN.intersection(modules)
    with np.load(folder / f"{kernels}.npz") as found:
        assert set(found) == set(expected)
        for name in found:
            assert found[name].tobytes() == expected[name].tobytes(), name


TALK = """
import hpmkd_runtime, numpy as np
try:
    student = hpmkd_runtime.load(sys.argv[1])
except hpmkd_runtime.StudentFileError as error:
    print(f"{error}", end="")
else:
    print(eval(sys.argv[2]), end="")
"""


def test_bad_files_have_the_errors_of_hpmkd(tmp_path, installed, python):
    whole = known_student("tree", "wine", False).to_bytes()
    newer = bytearray(whole)
    newer[8] += 1
    for content in (whole[:-3], whole[:400] + b"x" + whole[401:], bytes(newer), b"", b"text" * 99):
        path = tmp_path / "bad.hpmkd"
        path.write_bytes(content)
        with pytest.raises(StudentFileError) as error:
            Student.load(path)
        assert python(installed, TALK, path, "") == str(error.value)
    assert "is a folder without student.hpmkd" in python(installed, TALK, tmp_path, "")
    assert "cannot read the student" in python(installed, TALK, tmp_path / "none.hpmkd", "")


def test_the_folder_of_a_run_is_its_student(tmp_path, installed, python):
    student = known_student("tree", "wine", False)
    student.save(tmp_path / "student.hpmkd")
    assert python(installed, TALK, tmp_path, "student") == repr(student)


def test_drift_is_that_of_hpmkd(tmp_path, installed, python):
    table = real_problem("wine").table
    student = known_student("tree", "wine", False).with_sketch(table)
    student.save(tmp_path / "s.hpmkd")
    row = table.iloc[0].to_dict()
    said = python(installed, TALK, tmp_path / "s.hpmkd", f"student.drift([{row!r}] * 40)")
    assert said == str(student.drift([row] * 40))


def test_a_tree_too_large_to_be_packed_answers_to_the_bit(tmp_path, installed, python):
    student = large_tree(16)
    with pytest.raises(hpmkd.DataError, match="cannot be packed"):
        _ = student.packed
    student.save(tmp_path / "large.hpmkd")
    rows = np.random.default_rng(0).normal(size=(40, 4)).tolist()
    ask = f"student.predict_proba({rows!r}).tobytes().hex()"
    expected = student.predict_proba(rows).tobytes().hex()
    assert python(installed, TALK, tmp_path / "large.hpmkd", ask) == expected


def large_tree(depth):
    """Return a student of one perfect tree on four numbers."""
    rng, n_inner = np.random.default_rng(1), 2**depth - 1
    n, node = 2 * n_inner + 1, np.arange(2 * n_inner + 1)
    leaf = node >= n_inner
    rows = rng.normal(size=(50, 4))
    model = TreesModel(
        roots=[0],
        features=np.where(leaf, -1, rng.integers(0, 4, n)),
        thresholds=rng.normal(size=n),
        left=np.where(leaf, node - n_inner, 2 * node + 1),
        right=np.where(leaf, 0, 2 * node + 2),
        missing_left=rng.integers(0, 2, n),
        leaf_values=rng.normal(size=(2**depth, 3)),
        outputs=[0],
        base_margin=[0.0, 0.0, 0.0],
        link="softmax",
    )
    return Student(fit_encoder("tree", Schema.fit(rows), rows), model, ["a", "b", "c"])


def test_the_sdist_holds_all_that_is_built_from(built, vendoring):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    parts = {f"hpmkd/{part}" for part in vendoring.PARTS if part.endswith(".py")}
    own = {"setup.py", "vendoring.py", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}
    assert own | parts | {"hpmkd/kernels/c/words.h", "hpmkd/student/student.py"} <= names
    assert {"src/hpmkd_runtime/py.typed", "kernel/module.c", "kernel/module.h"} <= names


def test_the_wheel_says_what_it_is(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        about = message_from_bytes(opened.read(metadata))
    assert about.get_all("Requires-Dist") == ["numpy>=1.26"]
    assert (about["Version"], about["License-Expression"]) == (hpmkd.__version__, "MIT")
    assert {"hpmkd_runtime/py.typed", "hpmkd_runtime/_kernel.pyi"} <= names
    assert any(name.startswith("hpmkd_runtime/_kernel.abi3") for name in names) or not COMPILER


def test_an_index_would_accept_it(built):
    check = pytest.importorskip("twine.commands.check", reason="pip install twine").check
    files = [str(path) for path in built.iterdir()]
    assert len(files) == 2
    assert check(files, strict=True) is False  # whether any failed


def test_without_a_compiler_numpy_answers(build, built, install, students, python, tmp_path):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    site = install(build(source, "--wheel", CC="/bin/false"))
    assert not list(site.glob("hpmkd_runtime/_kernel*.so"))
    path = next(students[0].glob("boosted wine mixed.hpmkd"))
    ask = "__import__('hpmkd_runtime.kernels.packed').kernels.packed.backend().__name__"
    assert python(site, TALK, path, ask) == "hpmkd_runtime.kernels.backends.numpy"
    rows = pickle.loads(path.with_suffix(".rows").read_bytes())[:20]
    expected = students[1]["boosted wine mixed rows"][:20].tobytes().hex()
    ask = f"student.predict_proba({rows!r}).tobytes().hex()".replace("nan", "np.nan")
    ask = ask.replace("inf", "np.inf")
    assert python(site, TALK, path, ask) == expected
