# What a newcomer types: `make demo` measures simulated cells, `make test` checks the package.
# Both set up what they need in .venv first (Python 3.11 or newer, make and a C compiler are all that must be there).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo setup test test-slow lint docs clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "noiselaw needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.cells: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what measuring cells needs (about a minute)"
	@$(PIP) --editable '.[cells]'
	@touch $@

$(VENV)/.everything: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing everything: models that train, and the tools of development (a few minutes)"
	@$(PIP) --editable '.[all]' --requirement requirements-dev.txt
	@touch $@ $(VENV)/.cells

demo: $(VENV)/.cells ## Set up, then measure simulated cells whose true information is known (under 5 minutes)
	@$(BIN)/noiselaw run examples/demo.toml --out runs/demo

setup: $(VENV)/.everything ## Install everything into .venv
	@echo "Ready: $(BIN)/noiselaw --help"

test: $(VENV)/.everything ## Set up, then run the default tests (under 10 minutes)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(VENV)/.everything ## Run the longer tests
	$(BIN)/python -m pytest -n auto -m slow

lint: $(VENV)/.everything ## Style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.everything ## Build the site into docs/_build; a warning is an error
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
