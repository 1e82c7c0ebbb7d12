"""Bad requests are refused with what was got, what was expected, and where."""

from __future__ import annotations

import json

import pytest

from hpmkd_serve.responses import PATHS

CSV = {"content-type": "text/csv"}


def test_a_wrong_cell_is_named_by_row_and_column(mixed, row):
    wrong = {**row, "column 3": "abc"}
    problem = mixed.refused(json.dumps([row] * 5 + [wrong, row, {**row, "column 1": "x"}]))
    assert (problem.row, problem.column) == (5, "column 3")
    assert problem.detail.startswith("row 5: column 'column 3' holds 'abc', expected numbers")
    problem = mixed.refused(json.dumps(wrong))
    assert (problem.row, problem.column) == (None, "column 3")
    assert problem.detail.startswith("the row: column 'column 3' holds")


def test_a_wrong_cell_of_csv_is_named_by_its_line(mixed, row):
    cells = [str(cell) for cell in row.values()]
    lines = [",".join(row), ",".join(cells), ",".join([*cells[:-1], "abc"])]
    problem = mixed.refused("\n".join(lines), CSV)
    assert (problem.row, problem.column) == (1, "column 5")
    assert problem.detail.startswith("line 3: column 'column 5' holds 'abc'")


def test_a_missing_column_is_named_with_the_closest_that_is_there(mixed, row):
    given = {("Column 4" if name == "column 4" else name): cell for name, cell in row.items()}
    problem = mixed.refused(json.dumps([row, given]))
    assert (problem.row, problem.column) == (1, "column 4")
    assert "row 1: lacks the column 'column 4' (it has 'Column 4')" in problem.detail
    assert "send null" in problem.detail
    assert "and 5 more" in mixed.refused("{}").detail
    assert "lacks the column" in mixed.refused("a,b,c\n1,2,3", CSV).detail


def test_csv_with_another_sign_between_its_columns_is_told_to_have_commas(mixed, row):
    detail = mixed.refused(";".join(row) + "\n" + ";".join(map(str, row.values())), CSV).detail
    assert detail.endswith(", and commas between the cells")
    assert "commas" not in mixed.refused("a,b,c\n1,2,3", CSV).detail
    assert "commas" not in mixed.refused('{"a": 1}').detail


@pytest.mark.parametrize("cell", [[], [1], {}, {"a": 1}])
def test_a_cell_holds_one_value(cell, mixed, row):
    for name in ("column 0", "column 2"):  # a category would take it for a text
        problem = mixed.refused(json.dumps([{**row, name: cell}]))
        assert (problem.row, problem.column) == (0, name)
        assert "one value per cell" in problem.detail


@pytest.mark.parametrize("row", ["1", '"a"', "null", "[]", "true"])
def test_a_row_is_an_object(row, mixed):
    assert "expected an object" in mixed.refused(row if row != "[]" else "[[]]").detail
    assert mixed.refused(f"[{row}]").row == 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"[1,", b"nul", b"{} {}", b"{'a': 1}", b"\xff\xfe"),
        *(b'{"a": NaN}', b'{"a": Infinity}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\\ud800"}'),
        *(b"[" * 100_000, b'{"a":' * 100_000),
    ],
    ids=lambda body: str(body[:12]),
)
def test_what_is_no_json_is_refused(body, mixed):
    assert "expected an object (one row) or a list" in mixed.refused(body).detail
    assert "expected" in mixed.refused(b"\xef\xbb\xbf" + body).detail


def test_json_may_begin_with_a_mark(mixed, row):
    body = json.dumps(row).encode()
    assert mixed.post(b"\xef\xbb\xbf" + body).json() == mixed.post(body).json()


def test_nan_is_answered_with_what_to_send(mixed, row):
    body = json.dumps({**row, "column 1": float("nan")})
    assert "send null" in mixed.refused(body).detail


@pytest.mark.parametrize("number", ["1e999", "-1e400", "9" * 5000])
def test_numbers_beyond_floats_are_named_by_row_and_column(number, mixed, row):
    body = json.dumps(row)
    wrong = body.replace("1.25", number)
    problem = mixed.refused(f"[{body}, {wrong}]")
    assert (problem.row, problem.column) == (1, "column 5")
    assert "expected" in problem.detail
    assert mixed.refused(wrong).column == "column 5"
    assert "out of range" in mixed.refused(f"[{number}]").detail


def test_huge_integers_are_refused_or_read_exactly(mixed, mixed_student, row):
    problem = mixed.refused(json.dumps({**row, "column 1": 10**400}))
    assert problem.column == "column 1"
    big = {**row, "column 0": 10**40, "column 1": 10**30}
    answer = mixed.post(json.dumps(big)).json()
    assert answer["probabilities"] == mixed_student.predict_proba([big])[0].tolist()


def test_a_key_that_is_there_twice_is_refused(mixed, row):
    body = json.dumps(row)
    twice = body[:-1] + ', "column 2" : 7}'
    problem = mixed.refused(twice)
    assert (problem.row, problem.column) == (None, "column 2")
    assert "twice" in problem.detail
    problem = mixed.refused(f"[{body}, {twice}]")
    assert (problem.row, problem.column) == (1, "column 2")
    escaped = body[:-1] + ', "column\\u00202": 7}'
    assert mixed.refused(escaped).column == "column 2"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty body"),
        (b"\n\n", "an empty body"),
        (b"a,a\n1,2", "'a' twice"),
        (b"a,b\n1,2\n1,2,3", "line 3 has 3 cells; expected 2"),
        (b"a,b\n1", "line 2 has 1 cells; expected 2"),
        (b'a,b\n"1,2', "line 2: "),
        (b'a,b\n"1"x,2', "line 2: "),
        (b"a\n" + b"1" * 200_000, "line 2: field larger"),
        (b"\xff\xfea\x00", "not UTF-8"),
        (b"a,b\n\xe9,2", "not UTF-8"),
    ],
)
def test_what_is_no_csv_is_refused(body, said, mixed):
    assert said in mixed.refused(body, CSV).detail


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "x",
        "text/csv;charset=latin-1",
    ],
)
def test_other_content_types_are_415(content_type, mixed, row):
    headers = {} if content_type is None else {"content-type": content_type}
    assert "expected" in mixed.refused(json.dumps(row), headers, status=415).detail


def test_content_types_may_have_parameters(mixed, row):
    for given in ("application/json; charset=utf-8", "Application/JSON", "application/json;v=1"):
        assert mixed.post(json.dumps(row), {"content-type": given}).status_code == 200


def test_long_bodies_are_413_with_and_without_a_length(mixed_student, serve, row):
    client = serve(mixed_student, body=200, rows=10)
    assert client.post(json.dumps(row)).status_code == 200
    problem = client.refused("[" + " " * 200 + "]", status=413)
    assert "got 202 bytes; expected at most 200 bytes" in problem.detail

    async def chunks():
        for _ in range(10**9):
            yield b" " * 100

    assert "at most 200 bytes" in client.refused(chunks(), status=413).detail
    assert client.refused(
        "{}", {"content-length": "9" * 30, "content-type": "text/csv"}, status=413
    )


def test_many_rows_are_413(mixed_student, serve, row):
    client = serve(mixed_student, rows=3)
    assert client.post(json.dumps([row] * 3)).status_code == 200
    problem = client.refused(json.dumps([row] * 4), status=413)
    assert "got 4 rows; expected at most 3" in problem.detail
    assert client.refused("a\n" + "1\n" * 4, CSV, status=413)


def test_messages_are_short_whatever_they_show(mixed, row):
    problem = mixed.refused(json.dumps({**row, "column 1": "x" * 10**6}))
    assert len(problem.detail) < 2100
    assert problem.detail.endswith("leave them empty (None or NaN) where the value is not known")


def test_unknown_paths_and_methods_say_what_there_is(mixed):
    for path in ("/", "/docs", "/redoc", "/predict/", "/x?y"):
        response = mixed.get(path)
        assert response.status_code == 404
        assert all(known in response.json()["detail"] for known in PATHS)
    for method, path, allowed in (("GET", "/predict", "POST"), ("POST", "/schema", "GET")):
        response = mixed.request(method, path)
        assert response.status_code == 405
        assert allowed in response.headers["allow"]
        assert allowed in response.json()["detail"]
