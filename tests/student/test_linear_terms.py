import numpy as np
import pytest

from hpmkd.student.explain.linear_terms import margins, readable
from hpmkd.testing.datasets import dated


@pytest.mark.parametrize("target", ["bought", "children"])
def test_terms_add_up_to_the_margins(target, people, fit_student):
    table = people.drop(columns=target)
    student = fit_student("linear", table, people[target])
    assert readable(student)
    expected = student.model.margins(student.encoder.transform(table))
    found = margins(student)
    assert len(found) == expected.shape[1]
    labels = student.classes.tolist()
    assert [each["label"] for each in found] == (labels[1:] if len(labels) == 2 else labels)
    for c, margin in enumerate(found):
        total = np.full(len(table), margin["intercept"])
        for term in margin["terms"]:
            total += term.coefficient * values_of(term, table)
        np.testing.assert_allclose(total, expected[:, c], atol=1e-9)
        sizes = [abs(term.coefficient) for term in margin["terms"]]
        assert sizes == sorted(sizes, reverse=True)


def values_of(term, table):
    """Return what a term is about, read from the raw table."""
    if term.scale is not None:
        cells = table[term.name].astype(float)
        return (cells.fillna(cells.median()) - term.center) / term.scale
    if term.name.endswith(" is missing"):
        return table[term.name.removesuffix(" is missing")].isna().astype(float)
    name, level = term.name.split("=")
    return (table[name] == level).astype(float)


def test_others_are_not_readable(small):
    students, _ = small
    assert not any(readable(students[family]) for family in ("tree", "boosted", "additive"))


def test_moments_are_told_as_dates_and_days(fit_student):
    table, target = dated(times=False)
    (margin,) = margins(fit_student("linear", table, target))
    terms = {term.name: term for term in margin["terms"]}
    assert terms["when"].center == "2023-04-19"
    assert 200 < terms["when"].scale < 300
    assert "sine of month of when" in terms
    assert "weekday of until=Sunday" in terms
    missing = [name for name in terms if name.endswith("is missing")]
    assert missing == ["when is missing"]
