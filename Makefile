# make demo: a region to play with. make test: everything is tested. The rest: make help.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
NODE_MODULES := tests/conformance/node_modules
INSTALL_HUB := PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps \
	--no-build-isolation -e . && $(BIN)/python -m compileall -q identity fhir hub

.DEFAULT_GOAL := help
.PHONY: help demo demo-check test stateful check bench screenshots format clean

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .make/runtime ## Install, build the demonstration region, start web, worker and mailbox
	@$(BIN)/hub demo

demo-check: .make/test ## Build the demonstration from nothing and play its story in a browser
	@$(BIN)/python -m tests.browser.demo_check

test: .make/test ## Install all that the tests need and run them on SQLite and PostgreSQL
	$(PYTEST) -n 2 --dist worksteal -q

stateful: .make/test ## Play thousands of merges, separations and undoings, and concurrent ones, on both databases
	@$(BIN)/python -m tests.stateful --steps 2500

check: .make/test ## Style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .make/test ## Measure accuracy and speed against Splink and a floor; writes docs/benchmarks.md
	$(BIN)/python -m tests.bench.run

screenshots: .make/test ## Make README's screenshots again
	$(BIN)/python -m tests.browser.demo_check --screenshots docs/screenshots

format: .make/test ## Put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove everything that was installed or built here
	rm -rf $(VENV) .make .demo build dist *.egg-info $(NODE_MODULES) .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@tools/make-venv $(PYTHON) $(VENV)

.make/runtime: requirements.lock pyproject.toml | $(BIN)/python
	@mkdir -p .make
	@echo "Installation…"
	@test -e .make/test || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(INSTALL_HUB)
	@touch $@

.make/test: requirements-dev.lock pyproject.toml tests/conformance/package-lock.json tools/install-test-tools | $(BIN)/python
	@mkdir -p .make
	@echo "Installation…"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(INSTALL_HUB)
	@tools/install-test-tools $(BIN)
	@touch $@ .make/runtime
