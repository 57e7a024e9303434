# ruptureflow: `make` rebuilds everything, `make test` checks it. Both install into .venv first.

PYTHON ?= python3
CORES ?= 4
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
FORMATS := html docx pdf

.PHONY: all test lint format bench help clean
.DELETE_ON_ERROR:

all: $(INSTALLED) ## install, run the whole workflow, say where the manuscript is
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "The manuscript is ready:"
	@for format in $(FORMATS); do echo "  $(CURDIR)/results/report/manuscript.$$format"; done

test: lint ## all checks and tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(INSTALLED) ## style, layering, notebooks without outputs, no person's data in git
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	@stray=$$(git ls-files data 2>/dev/null | grep -vE '^data/(demo_[a-z]+|evidence)/' || true); \
	  if [ -n "$$stray" ]; then echo "data files that must not be in git:"; echo "$$stray"; exit 1; fi

format: $(INSTALLED) ## rewrite code in the house style, and the data dictionary from the schemas
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow
	$(BIN)/nbstripout notebooks/*.ipynb
	$(BIN)/python -m ruptureflow.tables > docs/data_dictionary.md

bench: $(INSTALLED) ## wall times: cold rebuild, the same work in one process, a rerun with nothing to do
	$(BIN)/python -m benchmarks

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

clean: ## remove results (never raw data)
	rm -rf results .snakemake

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ruptureflow needs Python 3.11 or later; name one: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "no venv module: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@
