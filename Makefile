# make demo    train a first model on bundled data: no network needed once the packages are installed
# make test    install the test extra and run every test
# make torture kill 200 real runs at random instants, resume them, compare
# make check   what a contributor runs before a commit: style, types, fast tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# A process for each core, at most four: each loads TensorFlow. One that has nothing left to do takes tests of another.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

.PHONY: demo test check lint fast torture bench signatures schema clean

demo: $(VENV)/installed
	$(BIN)/dlrun train configs/digits.yaml

test: $(VENV)/installed-test
	$(PYTEST)

check: lint fast

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fast: $(VENV)/installed-test
	$(PYTEST) -m "not tensorflow and not slow"

# Kills real runs at random instants, resumes them, and compares the end with runs left alone: half an hour.
torture: $(VENV)/installed-test
	$(BIN)/python tests/torture/torture.py --kills 200 --jobs 2

bench: $(VENV)/installed
	$(BIN)/python benchmarks/run.py

# Written by hand nowhere: the table of Keras's signatures, and the JSON Schema that editors read.
signatures: $(VENV)/installed
	$(BIN)/python -m dlrun.registry.generate

schema: $(VENV)/installed
	$(BIN)/dlrun schema --out docs/spec.schema.json

# An editable install, so that the marks below stay true while the code changes; they follow pyproject.toml alone.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11, 4), "dlrun needs Python 3.11.4 or newer: make PYTHON=python3.12 demo"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed-test
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
