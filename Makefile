# Each target makes what it needs; `make demo` and `make test` work on a fresh machine
# that has Python 3.11 or newer with pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Long files first, as tests/conftest.py sorts them: xdist would put those of most tests first.
PYTEST := $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-fast lint bench cpu-check docs clean

help:
	@echo "make demo       distil a teacher on real data that scikit-learn bundles"
	@echo "make test       run all tests"
	@echo "make test-fast  run those that need no whole run and no process of their own"
	@echo "make lint       ruff, mypy --strict, import-linter"
	@echo "make docs       build the site into build/site; a dead link or anchor is an error"
	@echo "make bench      time the kernels against NumPy and SciPy"
	@echo "make cpu-check  install hpmkd with xgboost-cpu elsewhere, distil there, show what is how large"
	@echo "make clean      remove the virtual environment and build leftovers"

KERNEL := $(wildcard hpmkd/kernels/c/* plugins/hpmkd-runtime/kernel/*) plugins/hpmkd-runtime/setup.py

# The stamp is older than pyproject.toml exactly when dependencies may have changed, and older than
# a source of the C kernel when that has to be compiled anew.
$(VENV)/.installed: pyproject.toml $(KERNEL)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "hpmkd needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --editable ./plugins/hpmkd-runtime
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/hpmkd demo

test: $(VENV)/.installed
	$(PYTEST)

# For work on one thing: what `SLOW` in tests/conftest.py names is left out.
test-fast: $(VENV)/.installed
	$(PYTEST) -m "not slow"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy hpmkd plugins/hpmkd_defaults plugins/hpmkd-lightgbm/src \
		plugins/hpmkd-dask/src plugins/hpmkd-mlflow/src plugins/hpmkd-runtime/src \
		plugins/hpmkd-serve/src
	$(BIN)/lint-imports

# Plugins outside the main distribution are in the reference, too: their code is read where it is.
docs: $(VENV)/.installed
	$(BIN)/python -m docs.site

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks kernels

cpu-check: $(VENV)/.installed
	$(BIN)/python -m benchmarks installed-size --only xgboost-cpu

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
