"""What becomes of tasks that are lost."""

import pytest

from hpmkd.errors import WorkerWarning
from hpmkd.execution.toolkit.retries import LostTasks
from hpmkd.values import Lost


@pytest.mark.parametrize(
    ("second", "reason"),
    [("it took 3 s", "it took 3 s, twice"), ("it fell ill", "it took 3 s; then it fell ill")],
)
def test_the_first_loss_is_a_warning_and_the_second_the_result(second, reason):
    losses = LostTasks(8)
    with pytest.warns(WorkerWarning, match="^task 3 of 8 is tried once more: it took 3 s$"):
        assert losses.add(2, "it took 3 s") is None
    with pytest.warns(WorkerWarning, match="^task 4 of 8 is"):
        assert losses.add(3, "it took 3 s") is None
    assert losses.add(2, second) == Lost(reason)
