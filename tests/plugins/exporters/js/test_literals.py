from __future__ import annotations

import json

import pytest

from hpmkd.testing.students import ODD_NAMES
from hpmkd_defaults.exporters.js.literals import label, parsed, text

LABELS = {
    "a": '"a"', "</script>": '"\\u003c/script>"', True: "true", False: "false", -3: "-3",
    2**53 - 1: "9007199254740991", -(2**53): "-9007199254740992n", 0.1: "0.1", -1e300: "-1e+300",
}  # fmt: skip


@pytest.mark.parametrize("value", LABELS, ids=repr)
def test_labels(value):
    assert label(value) == LABELS[value]


def test_node_reads_the_same_values(run_js):
    odd = [*ODD_NAMES, "__proto__", "constructor", "\ud800", "<!--", "\u2029"]
    value = {"list": odd, "map": {name: [name] for name in odd}, "n": [1e-300, -0.5, None, True]}
    found = run_js(f"found = [{text(odd[-1])}, {', '.join(map(text, odd))}, {parsed(value)}];")
    assert found == [odd[-1], *odd, value]


def test_what_json_does_not_know_is_no_fact():
    with pytest.raises(ValueError, match="JSON"):
        parsed({"x": float("nan")})
    assert json.loads(parsed({"a": 1})[len("JSON.parse('") : -2]) == {"a": 1}
