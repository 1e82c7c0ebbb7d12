"""A second run on the same data asks no teacher, and finds the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import hpmkd
from hpmkd import student
from hpmkd.data import encoding
from hpmkd.knowledge.fusion import FittedFusion
from hpmkd_defaults.caches.disk_layout import REGIONS, cache_folder, stored
from hpmkd_defaults.caches.memory import MemoryCache
from hpmkd_defaults.caches.partitioned import IntelligentCache

LIGHT = {
    "augmenter.name": "none",
    "search.alphas.self": [0.0, 0.5, 1.0],
    "sampler.trials": 1,
    "split.folds": 3,
    "reference.name": "quick",
    "front.size": 0,
    "stages": ["logistic", "tree"],
}


def forest():
    return RandomForestClassifier(8)


def light(X, y, *, settings=None, **options):
    options = {"teacher": forest(), **options}
    return hpmkd.distill(X, y, settings={**LIGHT, **(settings or {})}, **options)


def asked(found):
    """How often a run fitted and called teachers."""
    return found.counts["teacher_fits"], found.counts["teacher_calls"]


def bits(found):
    """All that a run reports, apart from seconds."""
    students = {name: student.to_bytes() for name, student in found.students.items()}
    losses = [(trial.configuration.key, trial.row_losses.tobytes()) for trial in found.trials]
    targets = found.knowledge.soft_targets
    return students, losses, found.verdict, targets.shape, targets.tobytes()


def teachers(X, y):
    """Return every kind of teacher, newly made, on rows of their own."""
    half = np.arange(len(y)) % 2 == 0
    tree_of_rows = KNeighborsClassifier(5, algorithm="kd_tree").fit(X[half], y[half])
    given = np.full((len(y), 3), 1 / 3)
    return {
        "unfitted": forest(),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "lambda": make_pipeline(FunctionTransformer(lambda rows: rows / 3), forest()),
        "state": RandomForestClassifier(3, random_state=np.random.RandomState(5)),
        "fitted": RandomForestClassifier(5, random_state=0).fit(X[half], y[half]),
        # It counts its calls, in what a digest of its content would see.
        "counting": tree_of_rows,
        "given": given,
    }


@pytest.mark.parametrize("name", [*teachers(np.zeros((9, 1)), np.arange(9) % 3)])
def test_a_second_run_asks_no_teacher_of_any_kind(wine, name):
    teacher, cache = teachers(*wine)[name], IntelligentCache()
    first = light(*wine, teacher=teacher, cache=cache)
    second = light(*wine, teacher=teacher, cache=cache)
    assert asked(second) == (0, 0)
    assert second.counts["cache_misses"] == 0
    # What is given is compared with reference teachers, which are asked the first time only.
    assert asked(first) > (0, 0)
    assert bits(second) == bits(first)


@pytest.mark.slow
def test_a_second_run_asks_no_panel(cancer, monkeypatch):
    monkeypatch.setattr("hpmkd_defaults.teachers.network.EPOCHS_SMALL", 5)
    X, y = cancer[0][:120, :6], cancer[1][:120]
    cache = IntelligentCache()
    settings = {"stages": ["tree"], "teacher": "panel"}
    first, second = (
        light(X, y, teacher=None, cache=cache, settings=settings, seed=3) for _ in range(2)
    )
    # All predict one fold; those that weigh there two more, and each pair of folds.
    weighty = len(first.knowledge.weights)
    assert weighty > 0
    assert asked(first)[0] == 7 + weighty * (2 + 3)
    assert asked(second) == (0, 0)
    assert bits(second) == bits(first)


def test_counts_are_of_the_run_not_of_the_cache(wine):
    cache = IntelligentCache()
    runs = [light(*wine, cache=cache).counts for _ in range(3)]
    # Three folds, each pair of them, how large and fast the teacher is, and rows whose columns are
    # permuted;
    teacher = 3 + 3 + 1 + 1
    # fused the first fold, all rows, those outside each fold, the test rows, and those that are
    # permuted, beside them the fuser's summary and its own cost;
    attention = 1 + 1 + 3 + 1 + 1 + 1 + 1
    # and for each of the four sets of rows two encoders and their matrices.
    feature = 4 * 2 * 2
    n = teacher + attention + feature
    assert [run["cache_misses"] for run in runs] == [n, 0, 0]
    assert [run["cache_hits"] for run in runs] == [0, n, n]
    stats = cache.stats()
    assert stats["teacher_misses"] == teacher
    assert stats["attention_misses"] == attention
    assert stats["feature_misses"] == feature
    asked = {"teacher": teacher, "feature": feature, "attention": attention}
    for run, rate in zip(runs, (0.0, 1.0, 1.0), strict=True):
        assert run["cache_rate"] == rate
        found = {name: (each["rate"], each["hits"]) for name, each in run["cache_regions"].items()}
        assert found == {name: (rate, rate * n) for name, n in asked.items()}
    assert {run["cache_bytes"] for run in runs} == {cache.stats()["bytes"]}
    assert {run["cache_evictions"] for run in runs} == {run["cache_disk_hits"] for run in runs}


def test_evictions_show(wine):
    found = light(*wine, settings={"cache.max_bytes": 9_000})
    assert found.counts["cache_evictions"] > 0
    assert 0 < found.counts["cache_bytes"] <= 9_000
    assert bits(found) == bits(light(*wine))


@pytest.mark.parametrize(
    "cache", [None, IntelligentCache(max_bytes=0), MemoryCache()], ids=["own", "none", "memory"]
)
def test_any_cache_gives_the_same_bits(wine, cache, tmp_path):
    uncached = light(*wine, settings={"cache.max_bytes": 0})
    assert uncached.counts["cache_hits"] == 0
    assert bits(light(*wine, cache=cache)) == bits(uncached)
    disk = {"cache.disk": True, "cache.folder": str(tmp_path)}
    for _ in range(2):
        assert bits(light(*wine, settings=disk)) == bits(uncached)


def changed_column(X, y):
    X = X.copy()
    X[:, 2] = np.nextafter(X[:, 2], np.inf)
    return X, y


def changed_label(X, y):
    y = y.copy()
    y[3] = 1 - y[3]
    return X, y


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (changed_column, {}),
        (changed_label, {}),
        (None, {"settings": {"split.folds": 4}}),
        (None, {"settings": {"split.test_size": 0.3}}),
        (None, {"seed": 1}),
        (None, {"teacher": RandomForestClassifier(8, max_depth=3)}),
        (None, {"teacher": RandomForestClassifier(8, random_state=11)}),
    ],
    ids=["data", "label", "folds", "test rows", "seed", "parameter", "random state"],
)
def test_whatever_matters_is_in_the_key(wine, change, options):
    cache = IntelligentCache()
    first = light(*wine, cache=cache)
    data = change(*wine) if change else wine
    second = light(*data, cache=cache, **options)
    assert second.counts["teacher_fits"] >= first.counts["teacher_fits"]
    # Nothing of the run before is used, and nothing that is used differs from a lone run.
    stats = cache.stats()
    assert (stats["teacher_hits"], stats["attention_hits"]) == (0, 0)
    assert bits(second) == bits(light(*data, **options))


def test_what_does_not_change_the_teachers_is_not_in_the_key(wine):
    """Temperatures, weights, students and draws are of the search, not of the teachers."""
    cache = IntelligentCache()
    light(*wine, cache=cache)
    other = {
        "search.temperatures": [1.0, 2.0, 4.0],
        "search.alphas.self": [0.3],
        "sampler.trials": 2,
        "stages": ["tree"],
    }
    found = light(*wine, cache=cache, settings=other)
    assert asked(found) == (0, 0)
    assert found.counts["cache_misses"] == 0


# ------------------------------------------------------------- encoding and fusing


@pytest.fixture
def work(monkeypatch):
    """Count encoders that are fitted, and fits of a fuser by how many it fuses."""
    done = Counter()

    def fit_encoder(kind, schema, table):
        done["encoder"] += 1
        return student.fit_encoder(kind, schema, table)

    def fit(selected, probabilities, *rows):
        done["fuser", len(probabilities)] += 1
        return original(selected, probabilities, *rows)

    original = FittedFusion.fit
    monkeypatch.setattr(encoding, "fit_encoder", fit_encoder)
    monkeypatch.setattr(FittedFusion, "fit", fit)
    return done


#: All three weigh on the first fold, whatever the fuser.
PANEL = {
    "forest": forest(),
    "line": LogisticRegression(max_iter=50),
    "bayes": GaussianNB(),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_second_run_encodes_nothing_and_fits_no_fuser_of_teachers(wine, work, tmp_path):
    every = {"folder": str(tmp_path), "disk_regions": [*REGIONS]}
    first, other = (IntelligentCache(**every) for _ in range(2))
    found = []
    for number, cache in enumerate((first, first, other)):
        work.clear()
        found.append(light(*wine, teacher=PANEL, cache=cache))
        # Two encoders for each set of rows; fused are the first fold, all rows, and those outside
        # each fold. The students are not better together, so that nobody fuses them.
        assert work == ({} if number else {"encoder": 8, ("fuser", 3): 5})
        assert bits(found[-1]) == bits(found[0])
        assert found[-1].knowledge.weights == found[0].knowledge.weights
        assert found[-1].knowledge.fuser == found[0].knowledge.fuser
    assert [each.counts["cache_misses"] for each in found[1:]] == [0, 0]
    assert other.stats()["disk_hits"] == found[0].counts["cache_misses"]


def test_the_regime_of_given_teachers_is_found_without_a_fit(wine, work):
    given, cache = teachers(*wine)["fitted"].predict_proba(wine[0]), IntelligentCache()
    first = light(*wine, teacher=given, cache=cache)
    assert work["fuser", 1] > 3
    work.clear()
    second = light(*wine, teacher=given, cache=cache)
    assert work == {}
    assert second.knowledge.regime == first.knowledge.regime
    assert bits(second) == bits(first)


def test_made_rows_are_encoded_and_labelled_once(wine):
    cache, settings = IntelligentCache(), {"augmenter.name": "mixup"}
    first, second = (light(*wine, cache=cache, settings=settings) for _ in range(2))
    assert first.knowledge.extra_rows["synthetic"] > 0
    assert second.counts["cache_misses"] == 0
    assert bits(second) == bits(first) == bits(light(*wine, settings=settings))


def speeds(found):
    return {
        record.name: (record.bytes, record.row_us, record.batch_us)
        for record in found.records
        if record.role == "teacher"
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_another_fuser_asks_no_teacher_again(wine):
    cache = IntelligentCache()
    first = speeds(light(*wine, teacher=PANEL, cache=cache))
    found = light(*wine, teacher=PANEL, cache=cache, settings={"fuser.name": "mean"})
    second = speeds(found)
    assert asked(found) == (0, 0)
    assert cache.stats()["feature_hits"] == cache.stats()["feature_misses"]
    members = np.sum([first[name] for name in PANEL], axis=0)
    for each in (first, second):
        assert {name: each[name] for name in PANEL} == {name: first[name] for name in PANEL}
        assert (np.array(each["teacher"]) > members).all()
    # The fuser is another, and was measured.
    assert first["teacher"] != second["teacher"]


def test_two_classes_of_one_name_are_two_teachers(wine):
    def made(shrink):
        class Mine(LogisticRegression):
            def predict_proba(self, X):
                return super().predict_proba(X) * shrink + (1 - shrink) / 3

        return make_pipeline(StandardScaler(), Mine())

    cache = IntelligentCache()
    first, second = (light(*wine, teacher=made(by), cache=cache) for by in (0.9, 0.5))
    assert asked(first) == asked(second)
    assert bits(first) != bits(second)


# ------------------------------------------------------------------ in other processes

RUN = """
import hashlib, json, sys, warnings
import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import hpmkd
from hpmkd.evaluation import latency
latency.SECONDS_EACH = latency.SECONDS_QUICK = 0.0
# That a fitted teacher may know the labels.
warnings.simplefilter("ignore", hpmkd.DataWarning)
folder, settings = sys.argv[1], json.loads(sys.argv[2])
X, y = load_wine(return_X_y=True, as_frame=True)
y = y.map({0: "a", 1: "b", 2: "c"})
X["text"] = np.where(X["hue"] > 1, "red", "blue")
numbers = X.drop(columns="text")
seen = X.index % 2 == 0
mixed = {
    "forest": RandomForestClassifier(6, class_weight={2: 1, 0: 1, 1: 2}),
    "line": make_pipeline(StandardScaler(), LogisticRegression()),
}
fitted = RandomForestClassifier(9, random_state=0).fit(numbers[seen], y[seen])
teachers = {
    "mixed": (numbers, y, mixed),
    "fitted": (numbers[~seen], y[~seen], fitted),
    "quick": (X, y, "quick"),
}
told = {}
for name, (X, y, teacher) in teachers.items():
    # A cache of its own for each teacher, as if each had its own process.
    settings |= {"cache.folder": f"{folder}/{name}"} if folder else {"cache": "memory"}
    found = hpmkd.distill(X, y, teacher=teacher, settings=settings, seed=2)
    content = b"".join(found.students[name].to_bytes() for name in sorted(found.students))
    content += found.knowledge.soft_targets.tobytes() + repr(found.verdict).encode()
    told[name] = {**found.counts, "bits": hashlib.sha256(content).hexdigest()}
print(json.dumps(told))
"""


def in_process_of_its_own(folder, hash_seed, **settings):
    """Return what three runs come to, by the name of their teacher."""
    command = [sys.executable, "-W", "error", "-c", RUN, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    command.append(json.dumps({**LIGHT, **settings}))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def in_three_processes(tmp_path_factory):
    """The first fills a cache on disk, the second finds it, the third has none."""
    folder = tmp_path_factory.mktemp("cache")
    return (
        in_process_of_its_own(folder, 1),
        in_process_of_its_own(folder, 2, **{"search.temperatures": [1.0]}),
        in_process_of_its_own("", 3),
    )


@pytest.mark.parametrize("teacher", ["mixed", "fitted", "quick"])
def test_another_process_asks_no_teacher(in_three_processes, teacher):
    first, second, lone = (told[teacher] for told in in_three_processes)
    assert first["teacher_calls"] > 0
    assert first["cache_disk_hits"] == 0
    assert (second["teacher_fits"], second["teacher_calls"]) == (0, 0)
    assert 0 < second["cache_disk_hits"] == first["cache_misses"] - second["cache_misses"]
    # A fitted teacher is asked for the same rows in each fold, and answers them once.
    found = first["cache_regions"]["teacher"]
    assert (found["hits"] > 0) == (teacher == "fitted")
    assert second["cache_regions"]["teacher"] == {
        "hits": found["hits"] + found["misses"],
        "misses": 0,
        "disk_hits": found["misses"],
        "rate": 1.0,
    }
    # Nothing else is written, so that no other region has hits from disk.
    assert [each["disk_hits"] for each in second["cache_regions"].values()].count(0) == 2
    # The cache of the third keeps nothing on a disk, and does not tell of one.
    assert {each["disk_hits"] for each in lone["cache_regions"].values()} == {None}
    assert second["bits"] == first["bits"] == lone["bits"]


def test_damaged_files_cost_the_teachers_again_and_nothing_else(wine, tmp_path):
    disk = {"cache.disk": True, "cache.folder": str(tmp_path)}
    first = light(*wine, settings=disk)
    for path in tmp_path.rglob("*.array"):
        path.write_bytes(path.read_bytes()[:-1])
    second = light(*wine, settings=disk)
    assert asked(second) == asked(first)
    assert bits(second) == bits(first)
    assert asked(light(*wine, settings=disk)) == (0, 0)


# ------------------------------------------------------------------ what nobody asked for

SECOND = """
import json, sys
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
import hpmkd
from hpmkd.evaluation import permuted_rows
from hpmkd_defaults.stages.capacity import Capacity
permuted_rows.MOST_ROWS, Capacity.n_rounds = 10, 20  # as in the process of the tests
options = json.loads(sys.argv[1])
found = hpmkd.distill(*load_wine(return_X_y=True), teacher=RandomForestClassifier(8), **options)
print(json.dumps(found.counts))
"""
OTHERS = {
    "limits": {"settings": LIGHT, "limits": {"max_size": "20KB", "min_retention": 0.5}},
    "stages": {"settings": LIGHT | {"stages": ["gbm"], "sampler.trials": 2}},
    "recipe": {"settings": {**LIGHT, "stages": ["tree"]}, "recipe": "grid"},
}


@pytest.fixture
def filled(wine):
    """The user's cache folder, after one run that asked for nothing."""
    first = light(*wine)
    assert first.counts["teacher_fits"] > 0
    return first


@pytest.mark.parametrize("change", [*OTHERS])
def test_a_second_run_that_changes_only_students_fits_no_teacher(filled, wine, change):
    again = hpmkd.distill(*wine, teacher=forest(), **OTHERS[change])
    assert asked(again) == (0, 0)
    assert again.counts["cache_disk_hits"] > 0


def test_nor_does_one_in_a_new_process(filled, in_fresh_process):
    counts = json.loads(in_fresh_process(SECOND, json.dumps(OTHERS["recipe"])))
    assert (counts["teacher_fits"], counts["teacher_calls"]) == (0, 0)


def test_it_is_the_same_run_without_the_files(filled, wine):
    alone = light(*wine, settings={"cache": "memory"})
    assert asked(alone) == asked(filled)
    assert bits(alone) == bits(filled) == bits(light(*wine))


def test_neither_rows_nor_labels_are_in_the_files(wine, tmp_path):
    """Every array is probabilities, or the size and speed of a teacher."""
    light(*wine)
    entries = list(stored(cache_folder()))
    assert {entry.region for entry in entries} == {"teacher"}
    rows = [column.tobytes() for column in (*wine[0].T, wine[1], wine[1].astype(float))]
    for entry in entries:
        content = entry.path.read_bytes()
        body = np.frombuffer(content[128:-32])
        assert body.size == 3 or np.allclose(body.reshape(-1, 3).sum(axis=1), 1)
        assert not any(each in content for each in rows)
        assert entry.path.stat().st_mode & 0o077 == 0
