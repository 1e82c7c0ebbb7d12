"""Networks are summed in float64 in the graph; what differs is the rounding of the student."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.errors import ExportError
from hpmkd.student import NetworkModel
from hpmkd.testing.students import fitted_student, known_student
from hpmkd_defaults.exporters.onnx.parity import TOLERANCE, check_parity, run_graph
from hpmkd_defaults.exporters.onnx.rounding import in_doubles, rounding
from hpmkd_defaults.exporters.onnx.student import to_onnx
from hpmkd_defaults.exporters.parity_rows import probe_rows


def rough(student, factor):
    """Return a student whose float32 sums are coarse: large weights that cancel."""
    model = student.model
    weights = [each * factor for each in model.weights]
    biases = [each * factor for each in model.biases]
    return replace(student, model=NetworkModel(weights, biases))


@pytest.mark.parametrize("problem", ["breast_cancer", "wine"])
@pytest.mark.parametrize("family", ["network", "pooled"])
def test_the_graph_is_the_network_in_doubles(problem, family):
    student = known_student(family, problem, mixed=True)
    rows = probe_rows(student)
    exact = in_doubles(student.model).probabilities(student.encoder.transform(rows))
    _, found = run_graph(to_onnx(student).SerializeToString(), rows)
    # The additive member of a pool is summed in float32.
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 if family == "network" else 1e-6)
    assert 0 < rounding(student, rows) < 1e-5


@pytest.mark.parametrize("family", ["linear", "tree", "boosted", "additive"])
def test_without_a_network_nothing_is_allowed_for(family):
    student = known_student(family, "wine", mixed=True)
    assert rounding(student, probe_rows(student, 50)) == 0


def test_a_coarse_network_is_written_for_it_is_the_student_that_rounds():
    student = rough(known_student("network", "wine", mixed=False), 30.0)
    assert rounding(student, probe_rows(student)) > TOLERANCE
    check_parity(student, to_onnx(student).SerializeToString())


def test_another_network_is_noticed():
    student = known_student("network", "wine", mixed=True)
    model = student.model
    other = replace(student, model=NetworkModel([w * 1.0001 for w in model.weights], model.biases))
    with pytest.raises(ExportError, match="a probability differs"):
        check_parity(student, to_onnx(other).SerializeToString())


def test_rare_classes_keep_their_digits():
    """Pools take logarithms, and the Sigmoid of onnxruntime has no digits left near 0."""
    rows = np.linspace(-40, 40, 81)[:, np.newaxis]
    student = fitted_student("linear", rows, rows[:, 0] > 0)
    coefficients = np.full_like(student.model.coefficients, 20.0)
    student = replace(student, model=replace(student.model, coefficients=coefficients))
    frame = probe_rows(student, 200)
    expected = student.predict_proba(frame)
    assert (expected[expected > 0] < 1e-12).any()
    _, found = run_graph(to_onnx(student).SerializeToString(), frame)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)
