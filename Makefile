# `make demo` and `make test` do all the set-up themselves, in .venv; `make` alone lists the targets.
# Another interpreter: make test PYTHON=python3.12
# A part of the tests, or another number of processes: make unit TESTS=tests/evaluation WORKERS=0

PYTHON ?= python3
WORKERS := 2
TESTS :=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Tests start thousands of programs. What these import is compiled once, even where the environment keeps nothing compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint types imports unit benchmarks serving processes browser cluster format clean

help:
	@echo "make install  set up $(VENV): PyTorch, then framecue with its development tools"
	@echo "make demo     set up, then generate clips, index them, search them and show the results"
	@echo "make test     set up, run the demo, then unit"
	@echo "make check    what runs nothing: lint, types, imports"
	@echo "make lint     ruff: lint rules and formatting"
	@echo "make types    mypy"
	@echo "make imports  import-linter: imports run downwards only"
	@echo "make unit     pytest"
	@echo "make benchmarks  each benchmark in its shortest form, as a test"
	@echo "make serving  the server as a program of its own: hostile input, its description, load, assistants"
	@echo "make processes  programs that are killed, stopped and starved at any moment, and that train together"
	@echo "make browser  the page in a browser (Debian, Ubuntu: apt install chromium); screenshots go to build/screenshots"
	@echo "make cluster  a Ray cluster of several nodes and an S3 server, in a network of their own (Linux)"
	@echo "make format   mend formatting and what ruff can mend itself"
	@echo "make clean    remove $(VENV) and the tools' caches"

# Makes a target and says how long it took, whether or not it went well.
timed = began=$$(date +%s); $(MAKE) --no-print-directory $(1); status=$$?; \
  echo "$(1): $$(($$(date +%s) - began)) s"; exit $$status

install: $(STAMP)

# Installed anew only when what is to be installed has changed.
$(STAMP): pyproject.toml constraints.txt src/framecue/_version.py
	@command -v $(PYTHON) >/dev/null \
	  || { echo "$(PYTHON): not found; install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); framecue needs Python 3.10 or newer: make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make a virtual environment: its venv module is missing (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing PyTorch into $(VENV) (the largest download) ..."
	@$(BIN)/python -m pip install torch==2.13.0 -qq --disable-pip-version-check
	@echo "Installing framecue and its tools into $(VENV) ..."
	@$(BIN)/python -m pip install -c constraints.txt -e '.[dev]' -qq --disable-pip-version-check
	@touch $@

demo: install
	$(BIN)/framecue demo

# Pytest's closing line is the last.
test: install
	+@$(call timed,try-demo)
	@$(MAKE) --no-print-directory unit

# The demo's files go to a folder that is removed again. README has to show what it finds.
.PHONY: try-demo
try-demo: install
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && set -x && $(BIN)/framecue demo --dir "$$folder/demo" \
	  > "$$folder/shown.txt" && $(BIN)/python tests/pythonpath/support/readme_demo.py README.md < "$$folder/shown.txt"

# One after the other, also under `make -j`: the output stays readable.
check: install
	+@$(call timed,lint)
	+@$(call timed,types)
	+@$(call timed,imports)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	MYPY_NUM_WORKERS=$(WORKERS) $(BIN)/mypy

imports: install
	$(BIN)/lint-imports

unit: install
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --durations=10 $(or $(TESTS),--ignore=tests/benchmarks --ignore=tests/suites)

# Each benchmark in its shortest form. Apart, as they take as long as a thousand tests.
benchmarks: install
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --durations=5 tests/benchmarks

# Long tests of programs that run by themselves. One after the other: a server, a browser and the test are busy at once.
serving: install
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --durations=5 $(or $(TESTS),tests/suites/serving)

processes: install
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --durations=5 $(or $(TESTS),tests/suites/processes)

browser: install
	$(BIN)/pytest --durations=5 $(or $(TESTS),tests/suites/browser)

# Ray listens on every address that there is: its tests run where there is none but loopback, and nothing outlives them.
cluster: install
	$(BIN)/python tests/pythonpath/support/own_network.py $(BIN)/pytest --durations=5 $(or $(TESTS),tests/suites/cluster)

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
