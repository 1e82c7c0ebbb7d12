"""Seeds that callers give."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd import RecipeError
from hpmkd.data.seeds import as_seed


@pytest.mark.parametrize("value", [0, 7, np.int64(7)])
def test_a_seed_is_an_integer_of_any_kind(value):
    assert as_seed(value) == value
    assert type(as_seed(value)) is int


@pytest.mark.parametrize("value", [-1, 1.0, "1", None, True])
def test_what_is_no_seed_is_refused_by_the_name_of_its_argument(value):
    with pytest.raises(RecipeError, match=f"random_state: got {value!r}; expected an integer"):
        as_seed(value, "random_state")
