"""A script as DeepBridge users write it; only its imports are other ones.

Before, they were::

    from deepbridge.core.db_data import DBDataset
    from deepbridge.distillation import AutoDistiller
    from deepbridge.utils.model_registry import ModelType
"""

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from hpmkd.deepbridge import AutoDistiller, DBDataset, ModelType

cancer = load_breast_cancer(as_frame=True)
theirs, ours = train_test_split(cancer.frame, test_size=0.5, random_state=0)
features = list(cancer.feature_names)
teacher = RandomForestClassifier(n_estimators=100, random_state=42)
teacher.fit(theirs[features], theirs["target"])

frame = ours.reset_index(drop=True)
probabilities = teacher.predict_proba(frame[features])
frame["prob_0"], frame["prob_1"] = probabilities[:, 0], probabilities[:, 1]

dataset = DBDataset(
    data=frame,
    target_column="target",
    features=features,
    prob_cols=["prob_0", "prob_1"],
)
distiller = AutoDistiller(
    dataset=dataset,
    output_dir="distillation_results",
    test_size=0.25,
    random_state=42,
    n_trials=2,
    validation_split=0.2,
    verbose=True,
    method="legacy",
)
distiller.customize_config(
    model_types=[ModelType.LOGISTIC_REGRESSION, ModelType.DECISION_TREE],
    temperatures=[1.0, 2.0],
    alphas=[0.3, 0.7],
)
results = distiller.run(use_probabilities=True, verbose_output=False)
print(results[["model_type", "temperature", "alpha", "test_accuracy", "test_kl_divergence"]])

original = distiller.original_metrics()
print("teacher:", original["test"]["accuracy"])

best_config = distiller.find_best_model(metric="test_kl_divergence", minimize=True)
print("closest to its teacher:", best_config["model_type"], best_config["best_params"])

student = distiller.get_trained_model(
    model_type=best_config["model_type"],
    temperature=best_config["temperature"],
    alpha=best_config["alpha"],
)
print(student.predict(pd.DataFrame(frame[features][:3])))
print(distiller.compare_models(best_metric="test_accuracy"))
print(distiller.save_best_model(metric="test_accuracy", file_path="models/best.hpmkd"))
print(distiller.generate_report())
