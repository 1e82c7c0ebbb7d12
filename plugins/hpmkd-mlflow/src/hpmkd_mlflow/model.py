"""The flavour ``hpmkd`` of MLflow's models: students saved, logged and loaded.

A model has the flavours ``python_function``, with which MLflow serves it and
``mlflow.pyfunc.load_model`` reads it, and ``hpmkd``, the student itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import hpmkd
from hpmkd_mlflow.answers import StudentModel, example_of, signature_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import Model, ModelSignature
    from mlflow.models.model import ModelInfo

FLAVOR_NAME = "hpmkd"
#: The student in the folder of a model, where MLflow puts the data of one.
DATA = "data/student.hpmkd"
#: The version of this distribution.
VERSION = "0.1.0"


def get_default_pip_requirements() -> list[str]:
    """Return what a process needs that loads or serves a model."""
    import mlflow

    return [
        f"hpmkd=={hpmkd.__version__}",
        f"hpmkd-mlflow=={VERSION}",
        f"mlflow-skinny=={mlflow.__version__}",  # with its server; without tracking server or UI
    ]


def save_model(
    student: hpmkd.Student,
    path: str | os.PathLike[str],
    *,
    mlflow_model: Model | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    conda_env: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Sequence[str] = (),
    **options: Any,
) -> None:
    """Save a student as a folder in MLflow's format.

    Parameters
    ----------
    student : hpmkd.Student
        Such as ``hpmkd.load("runs/adult").student``.
    path : path-like
        Of the folder, which must be empty or not exist.
    mlflow_model : mlflow.models.Model, optional
        What the flavours are added to.
    signature : mlflow.models.ModelSignature, optional
        By default :func:`~hpmkd_mlflow.answers.signature_of` the student.
    input_example : DataFrame, ndarray or list, optional
        Raw rows that are kept with the model; by default
        :func:`~hpmkd_mlflow.answers.example_of` the student. Yours may hold personal
        data: it is stored as given.
    conda_env, pip_requirements, extra_pip_requirements
        As for ``mlflow.pyfunc.save_model``; by default
        :func:`get_default_pip_requirements`, and those extra ones.
    **options
        Others of ``mlflow.pyfunc.save_model``, such as ``metadata``.

    Raises
    ------
    TypeError
        It is no student.
    """
    import mlflow

    check_student(student)
    if conda_env is None and pip_requirements is None:
        pip_requirements = [*get_default_pip_requirements(), *extra_pip_requirements]
    model = mlflow.models.Model() if mlflow_model is None else mlflow_model
    model.add_flavor(FLAVOR_NAME, data=DATA, **described(student))
    with TemporaryDirectory() as folder:
        mlflow.pyfunc.save_model(
            str(path),
            loader_module=__name__,
            data_path=str(student.save(Path(folder) / Path(DATA).name)),
            mlflow_model=model,
            signature=signature_of(student) if signature is None else signature,
            input_example=example_of(student) if input_example is None else input_example,
            conda_env=conda_env,
            pip_requirements=pip_requirements,
            **options,
        )


def log_model(
    student: hpmkd.Student,
    name: str = "student",
    *,
    registered_model_name: str | None = None,
    **options: Any,
) -> ModelInfo:
    """Log a student as a model of MLflow's active run, or of a new one.

    Parameters
    ----------
    student : hpmkd.Student
    name : str
        Of the model.
    registered_model_name : str, optional
        Register it as the next version of this.
    **options
        Of :func:`save_model`, and of ``mlflow.models.Model.log``, such as ``run_id``, ``params``
        and ``tags``.

    Returns
    -------
    mlflow.models.model.ModelInfo
        Its ``model_uri`` is what ``load_model`` takes.
    """
    from mlflow.models import Model

    return Model.log(
        artifact_path=None,
        name=name,
        flavor=sys.modules[__name__],
        registered_model_name=registered_model_name,
        student=student,
        **options,
    )


def log_to_run(client: MlflowClient, run_id: str, student: Any) -> None:
    """Log a student as the model "student" of a run, by a client of one's own.

    Unlike :func:`log_model`, it neither uses nor changes what ``mlflow.…`` functions work on.

    Raises
    ------
    TypeError
        It is no :class:`hpmkd.Student` but the student of a plugin's stage.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    check_student(student)
    run = client.get_run(run_id)
    logged = client.create_logged_model(
        run.info.experiment_id,
        name="student",
        source_run_id=run_id,
        tags={"hpmkd.version": hpmkd.__version__},
        params=run.data.params,
    )
    made = Model(
        artifact_path=logged.artifact_location,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
        run_id=run_id,
    )
    with TemporaryDirectory() as folder:
        save_model(student, Path(folder) / "model", mlflow_model=made)
        client.log_model_artifacts(logged.model_id, str(Path(folder) / "model"))
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    client.finalize_logged_model(logged.model_id, "READY")


def load_model(model_uri: str) -> hpmkd.Student:
    """Return the student of a model.

    Parameters
    ----------
    model_uri : str
        A folder, or what MLflow calls it: ``models:/…``, ``runs:/…``.

    Raises
    ------
    MlflowException
        There is no such model, or it has no flavour ``hpmkd``.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    folder = Path(download_artifacts(artifact_uri=str(model_uri)))
    flavours = Model.load(str(folder)).flavors
    if FLAVOR_NAME not in flavours:
        raise MlflowException.invalid_parameter_value(
            f"the model {str(model_uri)!r} has the flavours {', '.join(flavours)}, expected "
            f"{FLAVOR_NAME}: log it with hpmkd_mlflow.log_model"
        )
    return hpmkd.Student.load(folder / flavours[FLAVOR_NAME]["data"])


def check_student(given: Any) -> None:
    """Raise unless it is a student."""
    if not isinstance(given, hpmkd.Student):
        raise TypeError(
            f"got a {type(given).__name__}, expected a hpmkd.Student: pass the `student` of what "
            "hpmkd.distill or hpmkd.load returned"
        )


def described(student: hpmkd.Student) -> dict[str, Any]:
    """Return what the file ``MLmodel`` contains on a student."""
    return {
        "hpmkd_version": hpmkd.__version__,
        "family": student.model.family,
        "classes": student.classes.tolist(),
        "columns": [
            {"name": column.name, "kind": column.kind} for column in student.encoder.schema.columns
        ],
    }


def _load_pyfunc(path: str) -> StudentModel:
    """Return what MLflow calls a Python function; `path` is that of the student's file."""
    return StudentModel(hpmkd.Student.load(path))
