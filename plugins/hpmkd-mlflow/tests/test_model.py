"""Students as models of MLflow: saved, logged, loaded, and asked as a Python function."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hpmkd
import hpmkd_mlflow
from hpmkd.testing.datasets import dated, real_problem
from hpmkd.testing.students import EVERY_KIND, known_student, odd_problem, odd_student
from hpmkd_mlflow import model
from hpmkd_mlflow.answers import example_of

pytestmark = [
    # MLflow compares a range with the columns of its example.
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
ROOT = Path(hpmkd_mlflow.__file__).parents[2]


@pytest.fixture
def saved(mlflow, tmp_path):
    """``saved(student, …)``: the folder of a model."""

    def save(student, **options):
        hpmkd_mlflow.save_model(student, tmp_path / "model", **options)
        return str(tmp_path / "model")

    return save


@pytest.fixture
def used(mlflow, store):
    """A store that the functions of MLflow work on, meanwhile."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment("hpmkd")
    yield mlflow
    mlflow.set_tracking_uri(before)


@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
@pytest.mark.parametrize("family", EVERY_KIND)
def test_the_answers_are_those_of_the_student(mlflow, saved, family, problem):
    student, rows = known_student(family, problem, True), real_problem(problem, True).table
    loaded = mlflow.pyfunc.load_model(saved(student))
    expected = student.predict_proba(rows)
    both = loaded.predict(rows)
    assert list(both) == ["label", *(f"probability_{name}" for name in student.classes)]
    assert both.index.equals(rows.index)
    assert both.iloc[:, 1:].to_numpy().tobytes() == expected.tobytes()
    assert both["label"].tolist() == student.predict(rows).tolist()
    only = loaded.predict(rows, params={"output": "probabilities"})
    assert only.tobytes() == expected.tobytes()
    labels = loaded.predict(rows, params={"output": "label"})
    assert labels.tolist() == student.predict(rows).tolist()


def test_frames_come_as_they_were_in_training(mlflow, saved):
    """Categories, zones, whole numbers and truth values, which typed signatures refuse."""
    frame, target = dated()
    frame = frame.assign(
        n=np.arange(len(frame)),
        b=frame["x"] > 0,
        job=frame["job"].astype("category"),
        until=frame["until"].dt.tz_localize("UTC"),
        k=pd.array([1, None] * 100, "Int64"),
    )
    student = fitted(frame, target)
    found = mlflow.pyfunc.load_model(saved(student)).predict(frame)
    assert found.iloc[:, 1:].to_numpy().tobytes() == student.predict_proba(frame).tobytes()


def fitted(frame, target):
    from hpmkd.testing.students import fitted_student

    return fitted_student("boosted", frame, target)


@pytest.mark.parametrize("labels", [[False, True], [3, 7], [0.5, 2.0], ["a", "b"]])
def test_labels_keep_their_type(mlflow, saved, labels):
    rows = pd.DataFrame({"x": np.linspace(0, 1, 60)})
    student = fitted(rows, np.array(labels)[(rows["x"] > 0.4) * 1])
    loaded = mlflow.pyfunc.load_model(saved(student))
    assert loaded.predict(rows)["label"].tolist() == student.predict(rows).tolist()
    kinds = ["boolean", "long", "double", "string"]
    assert loaded.metadata.signature.outputs.inputs[0].type.name in kinds


def test_the_student_comes_back(saved):
    student = known_student("pooled", "wine", True)
    found = hpmkd_mlflow.load_model(saved(student))
    assert found.to_bytes() == student.to_bytes()


def test_a_model_is_logged_and_registered(used):
    student = known_student("tree", "wine", True)
    with used.start_run() as run:
        info = hpmkd_mlflow.log_model(student, name="small", registered_model_name="wines")
    for uri in (info.model_uri, "models:/wines/1", f"runs:/{run.info.run_id}/small"):
        assert hpmkd_mlflow.load_model(uri).to_bytes() == student.to_bytes()
    assert set(info.flavors) == {"hpmkd", "python_function"}
    assert info.flavors["hpmkd"]["classes"] == student.classes.tolist()
    rows = real_problem("wine", True).table
    found = used.pyfunc.load_model(info.model_uri).predict(rows)
    assert found.iloc[:, 1:].to_numpy().tobytes() == student.predict_proba(rows).tobytes()


def test_the_file_tells_what_it_is_and_what_it_needs(mlflow, saved):
    student = known_student("tree", "wine", True)
    folder = saved(student, extra_pip_requirements=["pyarrow"], metadata={"owner": "me"})
    written = mlflow.models.Model.load(folder)
    assert written.flavors["python_function"]["loader_module"] == "hpmkd_mlflow.model"
    told = written.flavors["hpmkd"]
    assert (told["hpmkd_version"], told["data"]) == (hpmkd.__version__, "data/student.hpmkd")
    assert told["columns"][0] == {"name": "column 0", "kind": "category"}
    assert written.metadata == {"owner": "me"}
    needed = Path(folder, "requirements.txt").read_text("utf-8").split()
    assert needed == [*model.get_default_pip_requirements(), "pyarrow"]
    # Lines of their own: every version is that which is here.
    assert needed[0] == f"hpmkd=={hpmkd.__version__}"
    assert needed[2] == f"mlflow-skinny=={mlflow.__version__}"


def test_the_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == model.VERSION


def test_columns_are_declared_if_that_is_wanted(mlflow, saved):
    frame, target = dated()
    student = fitted(frame, target)
    folder = saved(student, signature=hpmkd_mlflow.signature_of(student, typed=True))
    declared = mlflow.models.Model.load(folder).get_input_schema()
    types = [(each.name, each.type.name) for each in declared.inputs]
    assert types == [
        ("x", "double"), ("when", "datetime"), ("job", "string"), ("until", "datetime")
    ]  # fmt: skip
    loaded = mlflow.pyfunc.load_model(folder)
    shares = loaded.predict(frame, params={"output": "probabilities"})
    assert shares.tobytes() == student.predict_proba(frame).tobytes()
    with pytest.raises(mlflow.MlflowException, match="missing inputs"):
        loaded.predict(frame.drop(columns="job"))


def test_arrays_without_names_are_matched_by_position(mlflow, saved):
    X = np.random.default_rng(0).normal(size=(60, 3))
    student = fitted(X, X[:, 0] > 0)
    folder = saved(student, signature=hpmkd_mlflow.signature_of(student, typed=True))
    found = mlflow.pyfunc.load_model(folder).predict(X, params={"output": "probabilities"})
    assert found.tobytes() == student.predict_proba(X).tobytes()


def test_names_of_any_kind_are_taken(mlflow, saved):
    student, (rows, _) = odd_student("boosted"), odd_problem()
    found = mlflow.pyfunc.load_model(saved(student)).predict(rows)
    assert found.iloc[:, 1:].to_numpy().tobytes() == student.predict_proba(rows).tobytes()


def test_an_example_can_be_read(mlflow):
    frame, target = dated()
    student = fitted(frame, target)
    example = example_of(student)
    assert list(example) == list(frame)
    assert student.predict_proba(example).shape == (1, 2)
    assert example["when"][0].year in (2022, 2023, 2024)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="column 5"), "lacks the columns 'column 5'"),
        (lambda rows: rows.assign(**{"column 5": "many"}), "holds 'many', expected numbers"),
    ],
)
def test_bad_rows_are_an_invalid_parameter(mlflow, saved, change, message):
    student, rows = known_student("tree", "wine", True), real_problem("wine", True).table
    loaded = mlflow.pyfunc.load_model(saved(student))
    with pytest.raises(mlflow.MlflowException, match=message) as caught:
        loaded.predict(change(rows))
    assert caught.value.get_http_status_code() == 400


def test_what_is_no_student_is_refused(saved):
    with pytest.raises(TypeError, match=r"got a dict, expected a hpmkd\.Student"):
        saved({})


def test_a_model_of_another_flavour_is_refused(mlflow, tmp_path):
    made = mlflow.models.Model()
    made.add_flavor("sklearn", data="x")
    made.save(str(tmp_path / "MLmodel"))
    with pytest.raises(mlflow.MlflowException, match="has the flavours sklearn, expected hpmkd"):
        hpmkd_mlflow.load_model(str(tmp_path))
