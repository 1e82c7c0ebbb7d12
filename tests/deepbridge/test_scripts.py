"""The scripts of users, with their imports changed, run from end to end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import hpmkd

EXAMPLES = Path(__file__).parents[2] / "examples"
#: The example of the proposal, as it stands there.
PROPOSED = """
# Criar dataset
dataset = DBDataset(X, y, probabilities)

# Configuração HPM otimizada
distiller = AutoDistiller(
    dataset=dataset,
    method='hpm',  # Nova técnica HPM-KD
    max_configs=16,  # Redução de 64 para 16
    n_trials=5,  # Redução de 10 para 5 (com warm start)
    parallel_workers=4,  # Paralelização
    use_cache=True,  # Cache inteligente
    progressive=True,  # Destilação progressiva
    multi_teacher=True  # Multi-teacher ensemble
)

# Execução ~10x mais rápida
results = distiller.run()

# Melhor modelo com qualidade superior
best_model = distiller.best_model(metric='test_accuracy')
"""


def executed(script, folder):
    """Run a script in a process and a folder of its own; a warning is an error."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_example_of_the_proposal(tmp_path):
    text = (EXAMPLES / "deepbridge_proposal.py").read_text("utf-8")
    assert text.endswith(PROPOSED)
    assert re.findall("^from hpmkd.*$", text, re.MULTILINE) == [
        "from hpmkd import AutoDistiller",
        "from hpmkd import DBDataset",
    ]
    assert executed("deepbridge_proposal.py", tmp_path) == ""
    results = pd.read_csv(tmp_path / "distillation_results/distillation_results.csv", sep=";")
    families = {"LOGISTIC_REGRESSION", "DECISION_TREE", "GBM", "network"}
    assert set(results["model_type"]) - {"ensemble"} == families
    assert len(results) <= 16
    found = hpmkd.load(tmp_path / "distillation_results/hpm")
    assert found.counts["models_trained"] <= 80
    assert found.recipe.executor.settings["workers"] == 4


def test_a_script_of_deepbridge(tmp_path):
    printed = executed("deepbridge_script.py", tmp_path)
    results = pd.read_csv(tmp_path / "distillation_results/distillation_results.csv", sep=";")
    assert len(results) == 2 * 2 * 2
    assert "teacher: 0.9" in printed
    assert (tmp_path / "distillation_results/distillation_report_interactive.html").is_file()
    student = hpmkd.Student.load(tmp_path / "models/best.hpmkd")
    assert student.classes_.tolist() == [0, 1]


def test_experiments_of_deepbridge(tmp_path):
    text = (EXAMPLES / "deepbridge_experiments.py").read_text("utf-8")
    assert len(re.findall("^(?:from|import) hpmkd", text, re.MULTILINE)) == 1
    printed = executed("deepbridge_experiments.py", tmp_path)
    results = pd.read_csv(tmp_path / "experiments/distillation_results.csv", sep=";")
    assert len(results) == 2 * 2 * 2
    assert "runs: 1, of which 0 finished before" in printed
    assert "closest to its teacher: " in printed
    found = hpmkd.load(tmp_path / "experiments/dataset/seed-42/standard")
    assert found.facts["given"]["teachers"]
