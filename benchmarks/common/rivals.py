"""The users' alternative: XGBoost on hard labels, tuned by Optuna."""

from __future__ import annotations

import optuna
import xgboost
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from hpmkd.student.encoders.sklearn import TableEncoder


def tuned_xgboost(table, labels, seed: int, trials: int = 40) -> Pipeline:
    """Return an encoder and an XGBoost classifier, fitted on all rows.

    TPE over 50 … 300 rounds and depth 3 … 10; chosen by log loss on a holdout of 25 %.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    encoder = TableEncoder("tree").fit(table)
    matrix = encoder.transform(table)
    split = train_test_split(matrix, labels, test_size=0.25, stratify=labels, random_state=seed)
    seen, held, seen_labels, held_labels = split
    n_classes = int(labels.max()) + 1

    def objective(trial):
        model = xgboost.XGBClassifier(
            n_estimators=trial.suggest_int("n_estimators", 50, 300),
            max_depth=trial.suggest_int("max_depth", 3, 10),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            subsample=trial.suggest_float("subsample", 0.6, 1.0),
            colsample_bytree=trial.suggest_float("colsample_bytree", 0.6, 1.0),
            n_jobs=1,
            random_state=seed,
        ).fit(seen, seen_labels)
        return log_loss(held_labels, model.predict_proba(held), labels=range(n_classes))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    best = xgboost.XGBClassifier(**study.best_params, n_jobs=1, random_state=seed)
    return Pipeline([("encoder", encoder), ("model", best.fit(matrix, labels))])
