"""An ExperimentRunner as DeepBridge users write it; only its imports are other ones.

Before, they were::

    from deepbridge.config.settings import DistillationConfig
    from deepbridge.core.db_data import DBDataset
    from deepbridge.distillation import ExperimentRunner  # 2.0: from deepbridge_distillation
    from deepbridge.utils.model_registry import ModelType
"""

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from hpmkd.deepbridge import DBDataset, DistillationConfig, ExperimentRunner, ModelType

cancer = load_breast_cancer(as_frame=True)
theirs, ours = train_test_split(cancer.frame, test_size=0.5, random_state=0)
features = list(cancer.feature_names)
teacher = RandomForestClassifier(n_estimators=100, random_state=42)
teacher.fit(theirs[features], theirs["target"])

frame = ours.reset_index(drop=True)
dataset = DBDataset(data=frame, target_column="target", features=features, model=teacher)
config = DistillationConfig(
    output_dir="experiments",
    test_size=0.25,
    random_state=42,
    n_trials=2,
    validation_split=0.2,
    verbose=True,
)
config.customize(
    model_types=[ModelType.LOGISTIC_REGRESSION, ModelType.DECISION_TREE],
    temperatures=[1.0, 2.0],
    alphas=[0.3, 0.7],
)
print(config.get_total_configurations(), "configurations")

runner = ExperimentRunner(dataset=dataset, config=config)
results = runner.run_experiments(
    use_probabilities=False, distillation_method="knowledge_distillation"
)
print(results[["model_type", "temperature", "alpha", "test_accuracy", "test_kl_divergence"]])
if "error" in results.columns:
    print(results["error"].dropna())
runner.save_results()

best = results.loc[results["test_kl_divergence"].idxmin()]
print("closest to its teacher:", best["model_type"], best["best_params"])

# DeepBridge 1.63 stops here: it gives the fit on training rows the probabilities of all rows.
student = runner.get_trained_model(
    model_type=ModelType[best["model_type"]],
    temperature=best["temperature"],
    alpha=best["alpha"],
)
print(student.predict(frame[features][:3]))
