# Everything is installed inside the checkout (.venv, node_modules, .local).
# `make help` lists the targets; docs/ explains them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first interpreter that is new enough; override with PYTHON=/path/to/python3.
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$name"; break; }; done)
endif
# The tools of the checkout come first, for programs that look for `node` or `python` themselves.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
PY := .venv/bin/python
CDK := .venv/bin/node node_modules/aws-cdk/bin/cdk
CODE := $(wildcard commandline shared functions infra local ops benchmarks tests)
LOCKS := dev layer infra local uv
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
PYTEST_ARGS ?=
# Workers of the whole suite; each starts services of its own. PYTEST_ARGS=-n0 runs it in one process.
TEST_WORKERS ?= auto --maxprocesses 4

##@ First

.PHONY: demo
demo: setup ## One checkout through the whole system, explained hop by hop
	@$(PY) -m local demo

.PHONY: test
test: setup ## Every tier of tests, on a stack of their own
	@$(PY) -m pytest -n $(TEST_WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS) tests

##@ The stack on this machine

.PHONY: up
up: setup ## Start AWS emulator, Redis and QStash, deploy, seed; or mend what died of them
	@$(PY) -m local up

.PHONY: down
down: setup ## Stop what `make up` started; orders and messages are kept
	@$(PY) -m local down

.PHONY: status
status: setup ## What runs, where, and what is wrong with it
	@$(PY) -m local status

.PHONY: logs
logs: setup ## The functions' log lines (FOLLOW=1 to keep watching)
	@$(PY) -m local logs $(if $(FOLLOW),--follow)

.PHONY: redeploy
redeploy: setup ## Put the code as it is now onto the running stack
	@$(PY) -m local redeploy

.PHONY: reset
reset: setup ## Forget all orders, mails and messages, and fill the stock again
	@$(PY) -m local reset

##@ Checks

.PHONY: lint
lint: setup ## Style, format, import rules, docstrings
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@said=$$(.venv/bin/lint-imports --no-logo) && echo "Import rules kept." || { echo "$$said"; exit 1; }
	@.venv/bin/interrogate --quiet $(filter-out tests,$(CODE))

.PHONY: types
types: setup ## mypy, strict
	@$(PY) -m mypy --strict $(CODE)

.PHONY: unit conformance integration infra e2e
unit: setup ## Tests that touch nothing
	@$(PY) -m pytest $(PYTEST_ARGS) tests/unit
conformance: setup ## Each fake behaves like the adapter it stands for
	@$(PY) -m pytest $(PYTEST_ARGS) tests/conformance
integration: setup ## Whole functions, and the local stack's parts
	@$(PY) -m pytest $(PYTEST_ARGS) tests/integration
infra: setup ## The synthesized templates
	@$(PY) -m pytest $(PYTEST_ARGS) tests/infra
e2e: setup ## Checkout to mail on a deployed stack
	@$(PY) -m pytest $(PYTEST_ARGS) tests/e2e

.PHONY: chaos
chaos: setup ## The real code under a thousand new schedules of faults (SEED=42 STEPS=40 tells one story)
	@$(PY) -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(STEPS),--steps $(STEPS)) $(CHAOS_ARGS)

.PHONY: planted
planted: setup ## Break one promise after the other in several ways, and let chaos find each bug (BUG=I7)
	@$(PY) -m tests.mutations $(BUG) $(if $(BUG),--story)

.PHONY: chaos-e2e
chaos-e2e: setup ## Hundreds of checkouts while everything fails, then the audit (SEED= repeats)
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(CHAOS_ARGS)

.PHONY: attacks
attacks: setup ## Every known attack, tried on a stack of its own; fails when one gets something
	@$(PY) -m local attacks

.PHONY: audit
audit: setup ## Does what is stored keep every promise? (here, or STAGE=prod)
	@$(PY) -m ops audit $(if $(filter-out file,$(origin STAGE)),$(if $(filter-out local,$(STAGE)),--stage $(STAGE))) $(AUDIT_ARGS)

.PHONY: bench
bench: setup ## Speed, calls and sizes as ratios to baselines of the same run (BENCH="cold calls", QUICK=1)
	@$(PY) -m benchmarks $(BENCH) $(if $(QUICK),--quick) $(BENCH_ARGS)

##@ AWS

STAGE ?= dev
# Facts for a look at the templates; what is deployed has its facts in stages/$(STAGE).json.
CONTEXT ?=
# Further arguments of `make stage`, such as "--account 1234… --region eu-central-1 --fact storefront_auth=none".
STAGE_ARGS ?=
FACTS = -c stage=$(STAGE) $(foreach fact,$(CONTEXT),-c $(fact))

.PHONY: stage
stage: setup ## Write stages/NAME.json by asking (NAME=prod STAGE_ARGS="--account …")
	@test -n "$(NAME)" || { echo "say which stage: make stage NAME=prod"; exit 2; }
	@$(PY) -m infra.new_stage "$(NAME)" $(STAGE_ARGS)

.PHONY: preflight
preflight: setup ## Is everything there that a deployment needs? (STAGE=prod PREFLIGHT_ARGS=--publish)
	@$(PY) -m ops preflight --stage $(STAGE) $(PREFLIGHT_ARGS)

.PHONY: synth
synth: setup ## Write the templates to cdk.out (STAGE=dev CONTEXT="name=value …")
	@$(CDK) synth --quiet $(FACTS)

.PHONY: bootstrap
bootstrap: setup ## Prepare the account of your credentials for CDK, once (STAGE=dev)
	@$(CDK) bootstrap $(FACTS)

.PHONY: deploy
deploy: setup ## Deploy to the account in stages/STAGE.json (STAGE=dev)
	@test "$(STAGE)" != local || { echo "STAGE=local is what 'make up' deploys"; exit 2; }
	@$(CDK) deploy --all $(FACTS)

##@ Upkeep

.PHONY: format
format: setup ## Let ruff rewrite what it can
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: docs
docs: setup ## Write the pages that are generated from the code
	@$(PY) -m ops docs
	@$(PY) -m tests.mutations.page
	@$(PY) -m infra.new_stage --schema

.PHONY: lock
lock: setup ## Lock the dependencies again, with hashes (UPGRADE=1 for newer ones)
	@$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/dev.in -o requirements/dev.txt
	@for name in $(filter-out dev,$(LOCKS)); do \
		$(COMPILE) -c requirements/dev.txt "requirements/$$name.in" -o "requirements/$$name.txt" || exit 1; done

.PHONY: sbom
sbom: setup ## Write what the Lambda layer and the tools are made of to .local/sbom (CycloneDX)
	@$(PY) -m infra.dependencies sbom

.PHONY: audit-dependencies
audit-dependencies: setup ## Known holes in what is locked: 1 if there are, 3 if that cannot be said
	@$(PY) -m infra.dependencies audit $(ADVISORY_ARGS)

.PHONY: clean
clean: ## Stop the stack and remove everything that was installed or written
	@if [ -x $(PY) ] && [ -e .local ]; then $(PY) -m local down; fi
	@rm -rf .venv node_modules .local cdk.out .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: setup
setup:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; say where: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -m local.install

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5); next } \
		/^[a-z0-9 -]+:.*## / { printf "  %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
