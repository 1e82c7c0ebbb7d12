"""What an augmenter must do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hpmkd.contracts import Augmenter


def mixed_table(n: int = 80) -> pd.DataFrame:
    """Return rows of every sort: measures, counts, truth values, words, a category, holes."""
    rng = np.random.default_rng(0)
    words = np.array(["low", "medium", "high"], dtype=object)[rng.integers(0, 3, n)]
    words[rng.random(n) < 0.5] = None
    kind = pd.Categorical(rng.choice(["oak", "ash"], n).tolist(), categories=["oak", "ash", "elm"])
    return pd.DataFrame(
        {
            "measure": rng.normal(size=n),
            "measure with holes": np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n)),
            "small measure": rng.normal(size=n).astype(np.float32),
            "count": rng.integers(0, 9, n),
            "flag": rng.random(n) < 0.5,
            "word": words,
            "kind": kind,
            "always": 1.0,
        },
        index=pd.RangeIndex(100, 100 + n),
    )


class AugmenterSuite:
    """Inherit and supply ``augmenter``."""

    @pytest.fixture
    def augmenter(self) -> Augmenter:
        """Return the augmenter under test."""
        raise NotImplementedError("supply a fixture `augmenter` that returns your augmenter")

    def test_fulfils_the_protocol(self, augmenter: Augmenter) -> None:
        """It has the method of an augmenter."""
        assert isinstance(augmenter, Augmenter)

    @pytest.mark.parametrize("n", [1, 50, 300])
    def test_makes_as_many_rows_as_asked(self, augmenter: Augmenter, n: int) -> None:
        """Fewer than there are, or more."""
        assert len(augmenter.rows(mixed_table(), n, np.random.default_rng(0))) == n

    def test_keeps_columns_and_dtypes(self, augmenter: Augmenter) -> None:
        """Integers stay integers, words words, categories the same categories."""
        table = mixed_table()
        made = augmenter.rows(table, 100, np.random.default_rng(0))
        assert list(made.columns) == list(table.columns)
        assert made.dtypes.to_dict() == table.dtypes.to_dict()

    def test_invents_no_categories(self, augmenter: Augmenter) -> None:
        """Words, kinds and truth values are among those given; a constant stays constant."""
        table = mixed_table()
        made = augmenter.rows(table, 300, np.random.default_rng(0))
        for name in ("word", "kind", "flag", "always"):
            assert set(made[name].dropna()) <= set(table[name].dropna()), name

    def test_holes_stay_possible(self, augmenter: Augmenter) -> None:
        """Where half of the cells are missing, new ones may be missing, and may be not."""
        made = augmenter.rows(mixed_table(), 300, np.random.default_rng(0))
        for name in ("measure with holes", "word"):
            assert 0 < made[name].isna().sum() < 300, name

    def test_tears_no_new_holes(self, augmenter: Augmenter) -> None:
        """Complete columns stay complete, measures finite."""
        made = augmenter.rows(mixed_table(), 300, np.random.default_rng(0))
        for name in ("measure", "small measure", "count", "flag", "kind"):
            assert not made[name].isna().any(), name
        assert np.isfinite(made["measure"].to_numpy()).all()

    def test_all_follows_from_the_generator(self, augmenter: Augmenter) -> None:
        """The same state gives the same rows, another state gives others."""
        table = mixed_table()
        np.random.seed(1)  # noqa: NPY002 - the global generator is what must not matter
        one = augmenter.rows(table, 100, np.random.default_rng(3))
        np.random.seed(2)  # noqa: NPY002
        two = augmenter.rows(table, 100, np.random.default_rng(3))
        pd.testing.assert_frame_equal(one, two)
        other = augmenter.rows(table, 100, np.random.default_rng(4))
        assert not other.reset_index(drop=True).equals(one.reset_index(drop=True))

    def test_leaves_the_table_alone(self, augmenter: Augmenter) -> None:
        """The rows given are as they were."""
        table = mixed_table()
        augmenter.rows(table, 300, np.random.default_rng(0))
        pd.testing.assert_frame_equal(table, mixed_table())
