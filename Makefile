# Each target sets up what it needs in .venv; only Python 3.11 or newer and make must be there.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= 3
DEMO ?=
TESTS ?=
SEED ?= 1
ACTS ?= 200
MINUTES ?= 10
ON ?=
BENCH ?= $(filter-out load,$(basename $(notdir $(wildcard benchmarks/*.py))))

RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-test

.DEFAULT_GOAL := help
.PHONY: help demo test check quick lint types layers format pytest chaos season seasons bench docs
.PHONY: messages site locks release lowest clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo DEMO=--once           print the reconciliation and stop"
	@echo "  make pytest TESTS=tests/rules   run some of the tests"

demo: $(RUN_READY) ## play the whole job on sample data, then serve the app
	@$(BIN)/po-toolkit demo $(DEMO)

test: check pytest ## all checks and tests

check: lint types layers ## lint, types and layers

quick: check ## lint, types, layers and the tests of pure rules, under a minute
	$(BIN)/pytest -q -n $(JOBS) tests/rules

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_READY)
	$(BIN)/mypy
	$(BIN)/mypy tests/api/typed_use.py

layers: $(DEV_READY)
	$(BIN)/lint-imports

format: $(DEV_READY) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pytest: $(DEV_READY) ## the tests alone
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(TESTS)

chaos: $(DEV_READY) ## faults at every call and killed workers, the long run (half an hour at most)
	PO_TOOLKIT_CHAOS=long $(BIN)/pytest tests/flows/test_chaos.py

season: $(DEV_READY) ## play one simulated season and print it: make season SEED=7 ACTS=200 (ON=--postgresql)
	@$(BIN)/python -m tests.seasons --seed $(SEED) --acts $(ACTS) $(ON)

seasons: $(DEV_READY) ## seasons from SEED on, for so many MINUTES, in JOBS processes
	@$(BIN)/python -m tests.seasons --seed $(SEED) --acts $(ACTS) --minutes $(MINUTES) --jobs $(JOBS) $(ON)

bench: $(DEV_READY) ## the benchmarks one after another; one alone: make bench BENCH=batch
	@set -e; for name in $(BENCH); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py; done

docs: $(DEV_READY) ## write docs/cli.md and docs/settings.md from the code
	$(BIN)/python -m tests.docs.cli_reference docs/cli.md
	$(BIN)/python -m tests.docs.settings_reference docs/settings.md

messages: $(DEV_READY) ## collect the app's texts into its catalogues, to be translated
	$(BIN)/python -m tests.docs.messages

site: $(DEV_READY) ## build the docs site in build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

locks: ## resolve the locked requirements again (needs uv)
	uv pip compile pyproject.toml --extra app --extra postgres $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --all-extras $(LOCK) -o requirements-dev.lock
	printf 'hatchling>=1.27\neditables>=0.5\n' | \
	  uv pip compile - -c requirements-dev.lock --no-annotate $(LOCK) -o requirements-build.lock

release: $(DEV_READY) ## build wheel, sdist, SBOM and changes of the version in dist/, for a tag
	@$(BIN)/python -m tests.docs.release_notes >/dev/null
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --of JSON \
	  --output-reproducible -o dist/sbom.cdx.json
	$(BIN)/python -m tests.docs.release_notes > dist/CHANGES.md
	cd dist && sha256sum * > SHA256SUMS
	@echo "Look at dist/, then: git tag --sign v$$($(BIN)/hatchling version)"

lowest: $(BIN)/python ## run the quick tests with the lowest versions that are allowed (needs uv)
	uv venv --quiet --clear --python $(BIN)/python build/lowest
	uv pip install --quiet --python build/lowest --resolution lowest-direct '.[app,postgres]'
	uv pip install --quiet --python build/lowest pytest hypothesis jsonschema
	build/lowest/bin/python -m pytest -q -p no:cacheprovider tests/rules tests/api

LOCK := --quiet --universal --generate-hashes --no-header --python-version 3.11

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@mkdir -p $(VENV) 2>/dev/null && test -w $(VENV) || { \
	  echo "$(CURDIR) cannot be written, and .venv belongs there. Copy it to a folder of yours, or" \
	  "name another place: make VENV=\$$HOME/po-toolkit-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  rmdir $(VENV) 2>/dev/null; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "The virtual environment $(VENV) could not be made; the reason is above." >&2; exit 1; }

$(RUN_READY): requirements-build.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV); the first time this takes about a minute."
	@$(PIP) install --no-compile --require-hashes -r requirements-build.lock -r requirements.lock
	@$(BIN)/python -m compileall -qq -j 0 -x /tests/ $(VENV)/lib || true # on all cores; pip uses one
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): requirements-dev.lock $(RUN_READY)
	@echo "Installing what the tests need."
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock # most is never imported
	@touch $@
