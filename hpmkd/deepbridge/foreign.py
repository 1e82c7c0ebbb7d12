"""DeepBridge's own DBDataset, read by its public names; DeepBridge is not imported."""

from __future__ import annotations

from typing import Any

from hpmkd.deepbridge.dataset import DBDataset
from hpmkd.errors import DataError

#: What such an object must have.
NAMES = ("train_data", "test_data", "features", "target_name")


def adopted(dataset: Any) -> DBDataset:
    """Return a data set of ours.

    Parameters
    ----------
    dataset : DBDataset
        Ours, or an object with the public names of DeepBridge's. That one has divided its
        rows already, and keeps its own division. Where it has a model, the model teaches:
        its probabilities were made by it.

    Raises
    ------
    DataError
        If it is neither.
    """
    if isinstance(dataset, DBDataset):
        return dataset
    missing = [name for name in NAMES if not hasattr(dataset, name)]
    if missing:
        raise DataError(
            f"dataset: got {type(dataset).__name__}, which has no {', '.join(missing)}; expected "
            "a DBDataset: hpmkd.DBDataset(X, y, probabilities)"
        )
    train, test, features = dataset.train_data, dataset.test_data, list(dataset.features)
    model = getattr(dataset, "model", None)
    target = dataset.target_name
    said = (None, None) if model is not None else _said(dataset, len(train), len(test))
    return DBDataset(
        train_data=train[[*features, target]],
        test_data=test[[*features, target]],
        target_column=target,
        features=features,
        train_predictions=said[0],
        test_predictions=said[1],
        model=model,
    )


def _said(dataset: Any, n_train: int, n_test: int) -> tuple[Any, Any]:
    """Return the probabilities of its training rows and of its test rows."""
    train = getattr(dataset, "train_predictions", None)
    if train is not None:
        return train, getattr(dataset, "test_predictions", None)
    both = getattr(dataset, "original_prob", None)
    if both is None or len(both) == 0:
        return None, None
    if len(both) not in (n_train, n_train + n_test):
        raise DataError(
            f"dataset.original_prob: got {len(both)} rows; expected {n_train} of training and "
            f"{n_test} of test"
        )
    # In DeepBridge's order: first the training rows, then the test rows.
    return both.iloc[:n_train], both.iloc[n_train:] if len(both) > n_train else None
