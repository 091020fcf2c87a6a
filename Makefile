# Everything starts from a bare Debian machine: each target sets up what it needs, and costs little the second time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv/bin
WORKERS ?= auto
PARALLEL := -n $(WORKERS) --dist loadgroup

.PHONY: help setup requirements docker image format check test test-fast test-newest demo bench clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

setup: .venv/installed ## Make .venv with Treadle in it

.venv/installed: pyproject.toml requirements/dev.txt scripts/ensure-venv
	@PYTHON=$(PYTHON) scripts/ensure-venv
	@touch $@

requirements: ## Pin the newest versions anew in requirements/
	@PYTHON=$(PYTHON) scripts/pin-requirements

docker: ## Make sure that a Docker engine responds
	@scripts/ensure-docker

image: setup docker ## Build the worker image, if it is missing or outdated
	@$(VENV)/treadle image build --base "$$(scripts/ensure-base-image)"

format: setup ## Format the code
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

check: setup ## Format, lint, types, layers
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports

test: image check ## Check, then run all tests
	$(VENV)/pytest $(PARALLEL)

test-fast: check ## Check, then run the tests that take no engine and no time
	$(VENV)/pytest $(PARALLEL) -m "not docker and not slow"

test-newest: image ## Run all tests with the newest versions instead of the pinned ones
	@PYTHON=$(PYTHON) scripts/ensure-venv --newest .venv-newest
	.venv-newest/bin/pytest $(PARALLEL)

demo: image ## Show the product in a minute
	@scripts/demo

bench: image ## Measure what the documentation promises
	@for bench in $$(grep -l __main__ bench/*.py); do $(VENV)/python -m "bench.$$(basename "$$bench" .py)"; done

clean: ## Remove what setup and the tools made
	rm -rf .venv .venv-newest .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
