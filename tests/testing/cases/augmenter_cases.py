"""A right augmenter and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.testing import AugmenterSuite


class Bootstrap:
    """Rows drawn with replacement."""

    def rows(self, table, n, rng):
        return table.iloc[rng.integers(0, len(table), n)].reset_index(drop=True)


class Suite(AugmenterSuite):
    component = Bootstrap

    @pytest.fixture
    def augmenter(self):
        return self.component()


class TestRight(Suite):
    pass


class TestNoAugmenter(Suite):
    component = object
    caught_by = "test_fulfils_the_protocol"


class Lazy(Bootstrap):
    def rows(self, table, n, rng):
        return super().rows(table, min(n, len(table)), rng)


class TestTooFewRows(Suite):
    component = Lazy
    caught_by = "test_makes_as_many_rows_as_asked"


class Floats(Bootstrap):
    def rows(self, table, n, rng):
        made = super().rows(table, n, rng)
        return made.assign(count=made["count"] + rng.normal(size=n))


class TestIntegersBecomeFloats(Suite):
    component = Floats
    caught_by = "test_keeps_columns_and_dtypes"


class Widens(Bootstrap):
    def rows(self, table, n, rng):
        made = super().rows(table, n, rng)
        return made.assign(**{"small measure": made["small measure"] + rng.normal(size=n)})


class TestFloatsBecomeWider(Suite):
    component = Widens
    caught_by = "test_keeps_columns_and_dtypes"


class Inventive(Bootstrap):
    def rows(self, table, n, rng):
        made = super().rows(table, n, rng)
        return made.assign(kind=made["kind"].where(made.index > 3, "elm"))


class TestUnseenCategory(Suite):
    component = Inventive
    caught_by = "test_invents_no_categories"


class Fills(Bootstrap):
    def rows(self, table, n, rng):
        made = super().rows(table, n, rng)
        return made.assign(**{"measure with holes": made["measure with holes"].fillna(0.0)})


class TestFillsHoles(Suite):
    component = Fills
    caught_by = "test_holes_stay_possible"


class Tears(Bootstrap):
    def rows(self, table, n, rng):
        made = super().rows(table, n, rng)
        return made.assign(measure=made["measure"].where(rng.random(n) < 0.9))


class TestTearsHoles(Suite):
    component = Tears
    caught_by = "test_tears_no_new_holes"


class Worldly(Bootstrap):
    def rows(self, table, n, rng):
        return super().rows(table, n, np.random.default_rng(np.random.randint(1000)))  # noqa: NPY002


class TestGlobalGenerator(Suite):
    component = Worldly
    caught_by = "test_all_follows_from_the_generator"


class Stubborn(Bootstrap):
    def rows(self, table, n, rng):
        return super().rows(table, n, np.random.default_rng(0))


class TestIgnoresTheGenerator(Suite):
    component = Stubborn
    caught_by = "test_all_follows_from_the_generator"


class Careless(Bootstrap):
    def rows(self, table, n, rng):
        table["measure"] = table["measure"].to_numpy() + 1.0
        return super().rows(table, n, rng)


class TestChangesTheTable(Suite):
    component = Careless
    caught_by = "test_leaves_the_table_alone"
