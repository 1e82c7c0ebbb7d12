"""No class name twice, no metaphor for a module, few modules at the top of the package."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    ROOT / "hpmkd",
    ROOT / "plugins" / "hpmkd_defaults",
    *sorted((ROOT / "plugins").glob("*/src")),
)
MODULES = [path for source in SOURCES for path in sorted(source.rglob("*.py"))]
#: Modules were called so once; the field has words for all of it.
METAPHORS = {
    *("asked", "collapse", "contending", "diary", "exam", "farewell", "finals", "finishing"),
    *("heard", "hearing", "keeping", "lesson", "lessons", "listening", "overheard", "posed"),
    *("raced", "rations", "readings", "remembering", "schooling", "shelf", "standing", "taught"),
    *("teaching", "thrift", "told", "unfinished", "circumstances"),
}
MOST_AT_THE_TOP = 14


def test_no_class_name_is_there_twice():
    names = Counter(
        name
        for path in MODULES
        for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), flags=re.MULTILINE)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_is_called_by_a_metaphor():
    assert len(MODULES) > 300
    assert [str(path) for path in MODULES if path.stem in METAPHORS] == []


def test_few_modules_are_at_the_top():
    assert len(list((ROOT / "hpmkd").glob("*.py"))) <= MOST_AT_THE_TOP
