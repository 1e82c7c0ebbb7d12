"""Exporters that cannot write attention of a pool say which can."""

from __future__ import annotations

import pytest

from hpmkd.errors import UnsupportedStudentError
from hpmkd.registry.registry import Registry
from hpmkd.testing.students import known_student

CAN = ("c", "js", "json", "python")


@pytest.mark.parametrize("name", ["sql", "onnx"])
def test_exporters_without_attention_name_those_with_it(name, tmp_path):
    if name == "onnx":
        pytest.importorskip("onnx")
    student, registry = known_student("attended", "wine", mixed=True), Registry.installed()
    told = f"the exporter '{name}' .* the exporters 'c', 'js', 'json' and 'python' can write it"
    with pytest.raises(UnsupportedStudentError, match=told):
        registry.offer("exporter", name, "to").factory().export(student, tmp_path / "student")
    for each in CAN:
        exporter = registry.offer("exporter", each, "to").factory()
        exporter.export(student, tmp_path / f"student{exporter.suffix}")
