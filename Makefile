# Set-up, build, proof, tests. `make help` lists the targets.

# An interpreter that everybody can read: sandboxes run as users of their own.
PYTHON ?= $(shell test -x /usr/bin/python3 && /usr/bin/python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The assignment for `make report`, `make notebook`.
A ?= a1_nn

.DEFAULT_GOAL := all
.PHONY: all setup templates bundle prove test lint types unit verify bench mnist soak report clean help

all: setup templates prove ## set up, generate the stubs, build every zip and prove it: one table

setup: $(READY) ## the virtual environment, with everything that the project needs

$(READY): pyproject.toml
	@echo "Setting up $(VENV) with $(PYTHON): a few minutes, torch is large."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "$(PYTHON): This Python is too old. Use 3.10 or later: make PYTHON=python3.12"; exit 1; }
	@umask 022; $(PYTHON) -m venv $(VENV) || { echo "$(PYTHON): It cannot make a virtual environment. Install its venv module (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	@umask 022; $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@umask 022; PYTHONWARNINGS=ignore $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile --editable . --group dev
	@umask 022; PYTHONWARNINGS=ignore $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true # on all cores, pip takes one; some packages hold files for other Pythons
	@touch $@

templates: $(READY) ## the students' stubs, from the references
	@$(BIN)/autograder templates

bundle: $(READY) ## dist/student and dist/autograder, the zips
	@$(BIN)/autograder bundle

prove: $(READY) ## build the zips and prove them: emulator, known mistakes
	@$(BIN)/autograder prove

test: lint types unit verify ## all that CI runs
	@echo "All checks passed."

lint: $(READY) ## style, layout, who may import whom, stubs up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/autograder templates --check

types: $(READY) ## static types
	@$(BIN)/mypy

unit: $(READY) ## the tests of the engine, the data and the notebooks
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 --dist loadfile # of two cores: some tests only wait

verify: $(READY) ## the graders against reference, stub, a careless answer and known mistakes; make tries more
	@$(BIN)/autograder verify --quick

bench: $(READY) ## the numbers that the README states
	@$(BIN)/python tests/bench.py

mnist: $(READY) ## train the two-layer reference on full MNIST, as the notebook does
	@$(BIN)/python tests/train_mnist.py

soak: $(READY) ## hours: all attacks with a layer less and on each assignment, random kills, references graded again and again
	@HOSTILE_LAYERS=all $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/hostile
	@$(BIN)/python tests/soak.py attacks
	@$(BIN)/python tests/soak.py seeds
	@$(BIN)/python tests/soak.py kills
	@$(BIN)/python tests/soak.py regrade

report: $(READY) ## a notebook as a page: make report A=a1_nn NOTEBOOK=path/to/experiments.ipynb
	@$(BIN)/autograder report $(or $(NOTEBOOK),assignments/$(A)/experiments.ipynb) --out dist/reports/$(A)

clean: ## remove what was built; the virtual environment stays
	rm -rf dist build .pytest_cache .ruff_cache .mypy_cache

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12
