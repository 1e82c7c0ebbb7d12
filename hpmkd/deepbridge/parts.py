"""What a DBDataset shows of its rows: columns, labels, training and test part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from hpmkd.data import tables
from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray


class Parts(ABC):
    """Rows by the names that DeepBridge users know.

    Whoever is one sets the attributes named below, and says how rows are divided.
    """

    X: Any
    target_name: str
    _labels: NDArray[Any]
    _classes: NDArray[Any]
    _given: FloatArray | None
    _division: tuple[IntArray, IntArray] | None = None

    @abstractmethod
    def _rows(self, test_size: float = 0.2, random_state: int = 42) -> tuple[IntArray, IntArray]:
        """Return the numbers of the training and of the test rows."""

    @property
    def _divided(self) -> tuple[IntArray, IntArray]:
        return self._rows() if self._division is None else self._division

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def features(self) -> list[str]:
        """The names of the columns to learn from; of an array, x0, x1, …."""
        columns = getattr(self.X, "columns", None)
        return list(columns) if columns is not None else [f"x{at}" for at in range(self.X.shape[1])]

    @property
    def target(self) -> Any:
        """The labels, as a series."""
        import pandas as pd

        return pd.Series(self._labels, name=self.target_name)

    @property
    def categorical_features(self) -> list[str]:
        """The names of those that hold no numbers, or were said to be categories."""
        numerical = set(self.numerical_features)
        return [name for name in self.features if name not in numerical]

    @property
    def numerical_features(self) -> list[str]:
        """The names of all others."""
        import pandas as pd

        frame = pd.DataFrame(self.X).set_axis(self.features, axis=1)
        return [name for name in self.features if pd.api.types.is_numeric_dtype(frame[name].dtype)]

    @property
    def original_prob(self) -> Any:
        """What the teacher was given to say, as a frame; None if nothing was given."""
        return self._shown(self._given)

    @property
    def train_predictions(self) -> Any:
        """The same of the training rows."""
        return None if self._given is None else self._shown(self._given[self._divided[0]])

    @property
    def test_predictions(self) -> Any:
        """The same of the test rows."""
        if self._given is None or len(self._given) < len(self):
            return None
        return self._shown(self._given[self._divided[1]])

    @property
    def train_data(self) -> Any:
        """The training rows with their labels, as a frame.

        As the last :class:`~hpmkd.AutoDistiller` that was given the data set divides it;
        before, a fifth are test rows, by the random state 42, unless the data set says else.
        """
        return self._part(0)

    @property
    def test_data(self) -> Any:
        """The test rows with their labels, as a frame; see :attr:`train_data`."""
        return self._part(1)

    def get_feature_data(self, dataset: str = "train") -> Any:
        """Return the columns to learn from of the ``train`` or ``test`` rows."""
        return self._part(_at(dataset))[self.features]

    def get_target_data(self, dataset: str = "train") -> Any:
        """Return the labels of the ``train`` or ``test`` rows."""
        return self._part(_at(dataset))[self.target_name]

    def _part(self, at: int) -> Any:
        import pandas as pd

        rows = self._divided[at]
        frame = pd.DataFrame(tables.take(self.X, rows)).set_axis(self.features, axis=1)
        return frame.assign(**{self.target_name: self._labels[rows]})

    def _shown(self, said: FloatArray | None) -> Any:
        import pandas as pd

        if said is None:
            return None
        return pd.DataFrame(said, columns=[f"prob_{each}" for each in self._classes])


def _at(dataset: str) -> int:
    if dataset not in ("train", "test"):
        raise DataError(f"dataset: got {dataset!r}; expected 'train' or 'test'")
    return ("train", "test").index(dataset)
