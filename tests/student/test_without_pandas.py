"""With NumPy and numba alone: rows are answered, and bad ones get an error with the reason."""

import json
import re

import pytest

#: Answers every case of a file in a process in which pandas and others do not exist.
ASK = """
import importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "pyarrow", "scipy", "sklearn", "xgboost"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())

import numpy as np
from datetime import date, datetime, timedelta
from decimal import Decimal
from hpmkd.student import Student

student, cases = Student.load(sys.argv[1]), json.loads(sys.argv[2])
asked = {
    "predict": lambda row: student.predict([row]).tolist(),
    "predict of columns": lambda row: student.predict({k: [v] for k, v in row.items()}).tolist(),
    "predict_proba": lambda row: student.predict_proba([GOOD, row])[1:].tolist(),
    "predict_one": lambda row: [student.predict_one(row)],
    "packed": lambda row: student.packed.encode_row(row).tolist(),
}
GOOD = eval(cases.pop("good"))
found = {}
for name, source in cases.items():
    for way, ask in asked.items():
        try:
            found[f"{name}, {way}"] = ask(eval(source))
        except Exception as error:
            found[f"{name}, {way}"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

GOOD = "{'age': 31.0, 'children': 2, 'city': 'Oslo', 'size': 'S', 'member': True}"
BAD = {
    "missing key": (
        "{'age': 31.0, 'city': 'Oslo'}",
        "lacks the columns 'children', 'size', 'member'",
    ),
    "no key": ("{}", "lacks the columns"),
    "text": ("{**GOOD, 'age': 'old'}", "column 'age' holds 'old', expected numbers"),
    "list": ("{**GOOD, 'children': [1, 2]}", r"column 'children' holds \[1, 2\], expected numbers"),
    "complex": ("{**GOOD, 'age': 1j}", "column 'age' holds 1j, expected numbers"),
    "huge": ("{**GOOD, 'age': 10**400}", "column 'age' holds 10000.*expected numbers"),
    "no mapping": ("list(GOOD.values())", "(expected a mapping|row 0 is a mapping)"),
}
ODD = {
    "plain": "dict(GOOD)",
    "spelt": "{**GOOD, 'age': '31'}",
    "date": "{**GOOD, 'age': datetime(1970, 1, 1, 0, 0, 31)}",
    "duration": "{**GOOD, 'age': timedelta(seconds=31)}",
    "decimal": "{**GOOD, 'age': Decimal('31')}",
    "missing": "{**GOOD, 'age': None, 'city': None}",
    "other missing": "{**GOOD, 'age': np.datetime64('NaT'), 'children': Decimal('nan')}",
    "unknown": "{**GOOD, 'city': b'Oslo'}",
    "date as a category": "{**GOOD, 'city': date(2020, 1, 1)}",
    "large": "{**GOOD, 'city': 2**70}",
}


@pytest.fixture(scope="module")
def student(people, fit_student, tmp_path_factory):
    student = fit_student("boosted", people.drop(columns="bought"), people["bought"])
    return student.save(tmp_path_factory.mktemp("student") / "student.hpmkd")


def ask(student, cases, run):
    return json.loads(run(ASK, student, json.dumps({"good": GOOD, **cases})))


def test_bad_rows_are_data_errors(student, in_fresh_process):
    found = ask(student, {name: source for name, (source, _) in BAD.items()}, in_fresh_process)
    for case, answer in found.items():
        name, way = case.split(", ")
        if name == "no mapping" and way.startswith("predict of"):
            continue  # a list has no names to make columns of
        if name == "no mapping" and way == "predict":
            assert isinstance(answer, list), case  # by position
            continue
        assert re.match(f"DataError: .*{BAD[name][1]}", str(answer)), (case, answer)


def test_odd_rows_are_answered_as_with_pandas(student, in_fresh_process):
    found = ask(student, ODD, in_fresh_process)
    with_pandas = ASK.replace('("pandas", ', '("nothing", ').replace(
        "import numpy as np\n", "import numpy as np, pandas\n", 1
    )
    assert found == ask(student, ODD, lambda _, *given: in_fresh_process(with_pandas, *given))
    assert not any(isinstance(answer, str) for answer in found.values())
