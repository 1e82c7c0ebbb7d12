"""The leaderboard as people read it."""

from __future__ import annotations

from dataclasses import replace

from hpmkd.evaluation.leaderboard import ModelRecord
from hpmkd.evaluation.leaderboard_text import to_text

NOTHING = dict.fromkeys(ModelRecord.__dataclass_fields__)
RECORD = ModelRecord(
    **NOTHING
    | {"role": "student", "name": "gbm", "chosen": True, "accuracy": 0.9561, "log_loss": 0.08123}
    | {"bytes": 55_470, "row_us": 1.934, "batch_us": 1234.5, "retention": 0.99641}
)
#: A teacher that is given as probabilities.
GIVEN = replace(RECORD, role="teacher", name="given by somebody", chosen=False, bytes=None)
RECORDS = (replace(GIVEN, row_us=None, batch_us=None, retention=None), RECORD)


def test_the_text_has_a_line_per_model_and_units():
    head, given, gbm = to_text(RECORDS).splitlines()
    assert " ".join(head.split()) == "role name accuracy log loss size 1 row retention"
    assert " ".join(gbm.split()) == "student gbm * 0.9561 0.0812 55.5 KB 1.93 us 0.9964"
    assert given.split()[-2:] == ["0.9561", "0.0812"]
    # Names begin below each other, numbers end so.
    assert given.index("given") == gbm.index("gbm") == head.index("name")
    assert head.index("accuracy") + len("accuracy") == gbm.index("0.9561") + len("0.9561")
