"""deepbridge-distillation in an environment of its own; see :mod:`benchmarks.rivals.isolated`.

A random forest is the teacher, its in-sample probabilities are handed over, as the package's
guide does; ``KnowledgeDistillation`` tunes an XGBoost student in its own number of trials.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    """Read the rows from a folder; write probabilities and figures into it."""
    import numpy as np
    from deepbridge.utils.model_registry import ModelType
    from deepbridge_distillation.techniques.knowledge_distillation import KnowledgeDistillation
    from sklearn.ensemble import RandomForestClassifier

    rows = np.load(folder / "encoded.npz")
    training, labels, test = rows["training"], rows["labels"], rows["test"]
    start = time.process_time()
    teacher = RandomForestClassifier(n_jobs=1, random_state=0).fit(training, labels)
    student = KnowledgeDistillation(
        teacher_probabilities=teacher.predict_proba(training),
        student_model_type=ModelType.XGB,
    ).fit(training, labels, verbose=False)
    seconds = time.process_time() - start
    np.save(folder / "test.npy", student.predict_proba(test))
    calls = []
    for _ in range(50):
        start = time.perf_counter()
        student.predict_proba(test[:1])
        calls.append(time.perf_counter() - start)
    facts = {
        "bytes": len(student.student_model.get_booster().save_raw("ubj")),
        "row_us": 1e6 * min(calls),
        "seconds": seconds,
        "models": student.n_trials + 1,
        "teacher_fits": 1,
        "chosen": str(student.best_params),
    }
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
