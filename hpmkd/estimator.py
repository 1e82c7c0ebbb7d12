"""A distilled student as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from hpmkd.api import distill
from hpmkd.data.table_warnings import warn_of_another_order
from hpmkd.data.weights import as_weights
from hpmkd.errors import DataError
from hpmkd.knowledge.teachers import GivenTeacher
from hpmkd.sklearn_rules import checked_labels, checked_rows, data_errors_as_value_errors, seed_of

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from hpmkd.recipe.recipe import Recipe
    from hpmkd.values import FloatArray


class DistilledClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Distils a teacher into a small fast student, and predicts by the student.

    Fits as :func:`hpmkd.distill` does, with one difference: no memory is read or written, so that
    what one fold of a cross-validation learned is not known in the next
    (``settings={"memory": "sqlite"}`` uses one). A share of the rows, a fifth unless
    ``settings={"split.test_size": …}`` sets another, is held out to measure on.

    Parameters
    ----------
    teacher : classifier, str, or a list or dict of these, optional
        An unfitted classifier is cross-fitted. One fitted on other rows is used as it
        is, if it is wrapped in :class:`sklearn.frozen.FrozenEstimator`: scikit-learn's tools
        clone parameters, which would otherwise unfit it. A string names a panel, a skops
        file, or ``package.module:factory``. By default the recipe's panel.
    recipe : str, path, mapping or Recipe
        Name of a shipped recipe, a TOML file, or the content of such a file.
    settings : mapping, optional
        Dotted overrides of the recipe, e.g. ``{"sampler.trials": 2}``.
    student : str, optional
        Only this stage is run.
    random_state : int, RandomState or None
        A non-negative integer is the seed; a RandomState draws one. None is 0: two
        fits on the same rows give the same student, bit for bit.
    workers : int, optional
        Worker processes; 1 is this process. By default as the recipe says.
    limits : mapping, optional
        Limits that the student must keep, any of ``max_size`` (bytes, or ``"50KB"``),
        ``max_latency`` (microseconds per row, or ``"2us"``) and ``min_retention``. Where no
        student keeps them, the fit fails with a LimitsError.
    metric : str or mapping, optional
        What chooses and judges the student, as for :func:`hpmkd.distill`; by default log loss.
        :meth:`score` is the accuracy with any.
    class_weight : "balanced", or mapping of label to number, optional
        How much each class counts in training, times ``sample_weight``; "balanced" makes all
        classes count the same. The rows that are held out are measured without it.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted.
    student_ : Student
        The student that predicts; ``student_.save("student.hpmkd")`` writes it.
    distillation_ : Distillation
        The whole run: leaderboard, verdict, knowledge, counts. A pickled one can no longer
        fit further students.
    n_features_in_ : int
        Raw columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if the rows came with text as names.

    Examples
    --------
    >>> import hpmkd
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_wine(return_X_y=True)
    >>> model = hpmkd.DistilledClassifier(GaussianNB(), student="tree").fit(X, y)
    >>> model.predict(X[:2])
    array([0, 0])
    """

    def __init__(
        self,
        teacher: Any = None,
        *,
        recipe: str | os.PathLike[str] | Mapping[str, Any] | Recipe = "hpm",
        settings: Mapping[str, Any] | None = None,
        student: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        workers: int | None = None,
        limits: Mapping[str, Any] | None = None,
        metric: str | Mapping[str, Any] | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
    ) -> None:
        self.teacher = teacher
        self.recipe = recipe
        self.settings = settings
        self.student = student
        self.random_state = random_state
        self.workers = workers
        self.limits = limits
        self.metric = metric
        self.class_weight = class_weight

    def fit(
        self,
        X: Any,
        y: Any,
        teacher_proba: Any = None,
        X_unlabeled: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Distil.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Raw rows: numbers, booleans, strings, categories, missing values, in any mix; at
            least 10.
        y : array-like of shape (n,)
            Labels of 2 to 50 classes.
        teacher_proba : DataFrame or array-like of shape (n, K), or (n,) if K = 2, optional
            Probabilities that teach instead of `teacher`: by the names of the columns if
            those are the classes, else in the sorted order of the classes. Their model should
            never have seen these rows.
        X_unlabeled : DataFrame or array-like of shape (m, d), optional
            Further rows without labels, for the teacher to label. Given probabilities cannot:
            with `teacher_proba` they are not used, with a DataWarning.
        sample_weight : array-like of shape (n,), optional
            How much each row counts, finite and >= 0; only ratios matter, and a row of weight 0
            is left out.

        Returns
        -------
        DistilledClassifier
            Itself.

        Raises
        ------
        ValueError
            If the rows, labels, probabilities or weights cannot be used.
        HpmkdError
            If the parameters do not describe a run.
        """
        with data_errors_as_value_errors():
            if teacher_proba is not None and self.teacher is not None:
                raise DataError(
                    "got a teacher and teacher_proba, which teaches instead of one; expected one "
                    "of them: leave out teacher_proba, or set_params(teacher=None)"
                )
            given = None if teacher_proba is None else GivenTeacher("given", teacher_proba)
            rows = checked_rows(self, X, fitting=True)
            labels = checked_labels(y)
            check_consistent_length(rows, labels)
            found = distill(
                rows,
                labels,
                teacher=self.teacher if given is None else given,
                X_unlabeled=X_unlabeled,
                sample_weight=sample_weight,
                class_weight=self.class_weight,
                recipe=self.recipe,
                settings=_without_memory(self.settings),
                student=self.student,
                seed=seed_of(self.random_state),
                workers=self.workers,
                limits=self.limits,
                metric=self.metric,
                progress=False,  # a search over estimators fits many
            )
        self.distillation_ = found
        self.student_ = found.student
        classes = np.unique(labels)
        # One whose rows all have the weight 0 is none.
        self.classes_ = classes[np.isin(classes, self.student_.classes_)]
        return self

    def predict_proba(self, X: Any) -> FloatArray:
        """Return probabilities.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Rows with the columns of the training rows.

        Returns
        -------
        ndarray of shape (n, K)
            In the order of ``classes_``; rows sum to 1.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        ValueError
            If the columns are not those of the training rows, or a number column holds text.
        """
        check_is_fitted(self)
        with data_errors_as_value_errors():
            return self.student_.predict_proba(checked_rows(self, X, fitting=False))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            As for :meth:`predict_proba`.

        Returns
        -------
        ndarray of shape (n,)
            Labels; the first of equally probable ones.
        """
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            As for :meth:`predict_proba`.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            How much each row counts, finite and 0 or more, taken by position.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        ValueError
            If rows or weights cannot be used.
        """
        if sample_weight is not None:
            with data_errors_as_value_errors():
                warn_of_another_order(X, sample_weight, "weights")
                sample_weight = as_weights(sample_weight, len(np.asarray(y)))
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Declare what the rows may hold."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _without_memory(settings: Any) -> Any:
    """Return settings without a memory of other runs, unless they choose one."""
    if settings is None:
        return {"memory": "none"}
    if not isinstance(settings, Mapping) or any(
        isinstance(path, str) and path.split(".")[0] == "memory" for path in settings
    ):
        return settings
    return {"memory": "none", **settings}
