# Everything runs in .venv, which these commands make and keep up to date themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format types docs pytest shots serve bench clean

RUN := .venv/bin/python -m
# How many processes run the tests, each a file at a time. 0: none but this one.
JOBS ?= logical

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing: system packages, Python packages, CesiumJS
	@scripts/system.sh
	@scripts/venv.sh
	@scripts/node.sh

demo: setup ## Serve the example project with its samples on 127.0.0.1:$PORT (8000)
	@scripts/demo.sh

test: lint types docs pytest ## Run everything that must pass: lint, types, docs, tests

lint: setup ## Check style and formatting
	$(RUN) ruff check .
	$(RUN) ruff format --check .

format: setup ## Repair style and formatting
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

types: setup ## Check the types of the package
	$(RUN) mypy

docs: setup ## Build the documentation
	@scripts/docs.sh

pytest: setup ## Run the tests (ARGS='-k tile' narrows them, JOBS=0 keeps to one process)
	@scripts/system.sh test
	@scripts/node.sh test
	$(RUN) pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

serve: setup ## Serve the example project as in production (WORKERS, THREADS, PORT)
	@scripts/serve.sh

bench: setup ## Measure beside other tile servers (ARGS='--quick --case utm-rgb-png')
	@scripts/bench.sh $(ARGS)

shots: setup ## Take the screenshots of the documentation
	.venv/bin/python docs/screenshots.py

clean: ## Remove everything that was made here
	rm -rf .venv node_modules build dist docs/_build example_project/var benchmarks/var .mypy_cache \
	    .pytest_cache .ruff_cache .tox .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
