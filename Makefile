# `make` alone lists what there is. Everything runs from a fresh checkout: Python 3.11+, make and git.

BIN := .venv/bin
PYTHON ?=
ARGS ?=
# Tests wait for servers half of the time, so there are more processes than cores; see tests/rig/sharing.py.
SHARED := -n 3 --dist loadscope --no-loadscope-reorder

# Compiled modules halve the start of every process; some shells forbid writing them.
unexport PYTHONDONTWRITEBYTECODE
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test lint format bench lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv from requirements.lock (the other commands do it by themselves)
	@scripts/setup

demo: setup ## Link simulated tills, import, sync, model, publish and reconcile; then say where to look
	@$(BIN)/pos-pipeline demo $(ARGS)

dev: setup ## Start everything: Dagster's UI, workers, simulated tills. Ctrl-C ends it
	@$(BIN)/pos-pipeline dev $(ARGS)

test: setup ## Run all tests, three at a time; ARGS="-k refund" runs some, ARGS=-n0 one at a time
	@url=$$($(BIN)/python scripts/ensure-rabbitmq) && RABBITMQ_URL="$$url" $(BIN)/python -m pytest $(SHARED) $(ARGS)

lint: setup ## Check style, types, layers and SQL
	@scripts/lint

format: setup ## Put Python and SQL into the house's form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: setup ## Measure against the budgets and print the ratios
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Write requirements.lock from pyproject.toml; ARGS=--upgrade for newer versions
	@scripts/lock $(ARGS)

clean: ## End this checkout's servers; remove what was installed, built and stored
	@scripts/clean
