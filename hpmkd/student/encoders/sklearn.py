"""The encoders as a scikit-learn transformer, for pipelines that read raw tables.

Not imported by :mod:`hpmkd.student`, which must work without scikit-learn being loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders import fit_encoder


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode raw tables, with text and missing cells, for a teacher.

    Parameters
    ----------
    kind : str
        ``"tree"``: numbers as they are, categories as codes by frequency, missing as NaN
        (float32). ``"linear"``: imputed, clipped, standardised, one-hot (float64, complete).
        ``"joint"``: the linear columns, then those of the trees (float64).

    Attributes
    ----------
    schema_ : Schema
        The raw columns.
    encoder_ : TreeEncoder, LinearEncoder or JointEncoder
        The fitted encoder.
    n_features_in_ : int
        Number of raw columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names; absent if the table had none.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> rows = [{"age": 31, "job": "clerk"}, {"age": None, "job": "nurse"}]
    >>> teacher = make_pipeline(TableEncoder("linear"), LogisticRegression()).fit(rows, [0, 1])
    >>> teacher.predict([{"age": 40, "job": "nurse"}]).tolist()
    [1]
    """

    def __init__(self, kind: str = "tree") -> None:
        self.kind = kind

    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn the columns of a training table.

        Parameters
        ----------
        X : DataFrame, ndarray of shape (n, d), mapping or list
            Raw training rows.
        y : object
            Not used.

        Raises
        ------
        DataError
            `X` is not a table or is empty.
        ValueError
            `kind` is unknown.
        """
        self.schema_ = Schema.fit(X)
        self.encoder_ = fit_encoder(self.kind, self.schema_, X)
        self.n_features_in_ = len(self.schema_.columns)
        self.__dict__.pop("feature_names_in_", None)
        if self.schema_.named:
            self.feature_names_in_ = np.array(self.schema_.names, dtype=object)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Encode raw rows.

        Parameters
        ----------
        X : DataFrame, ndarray of shape (n, d), mapping or list
            Raw rows.

        Raises
        ------
        DataError
            `X` does not fit the schema.
        NotFittedError
            Before :meth:`fit`.
        """
        check_is_fitted(self)
        return self.encoder_.transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the encoded columns; `input_features` is not used."""
        check_is_fitted(self)
        return np.array(self.encoder_.feature_names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
