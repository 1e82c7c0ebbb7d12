"""A script as DeepBridge users write it. Both run it; the line below names alone differ."""

import pandas as pd

from hpmkd.deepbridge import AutoDistiller, DBDataset, ModelType

FAMILIES = [ModelType.LOGISTIC_REGRESSION, ModelType.DECISION_TREE, ModelType.XGB]


def distil(frame: pd.DataFrame, method: str, way: str | None = None):
    """Return a distiller that ran a method, and its results."""
    dataset = DBDataset(
        data=frame,
        target_column="label",
        features=[name for name in frame if name.startswith("x")],
        prob_cols=["prob_0", "prob_1"],
    )
    distiller = AutoDistiller(
        dataset=dataset,
        output_dir="distillation_results",
        method=method,
        n_trials=2,
        random_state=42,
    )
    distiller.customize_config(
        model_types=FAMILIES, temperatures=[1.0, 2.0], alphas=[0.5], distillation_method=way
    )
    return distiller, distiller.run()


def best(distiller: AutoDistiller):
    """Return the student that is best by the rows that the library keeps for the test."""
    return distiller.best_model(metric="test_accuracy")


def half_soft(distiller: AutoDistiller):
    """Return the student of a configuration that gives the teacher half of the weight."""
    return distiller.get_trained_model(ModelType.LOGISTIC_REGRESSION, temperature=1.0, alpha=0.5)


def save(distiller: AutoDistiller) -> str:
    """Write that student to a file."""
    return distiller.save_best_model(metric="test_accuracy", file_path="best_model.pkl")
