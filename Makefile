# Everything starts here: `make help`. The environment is set up when a target needs it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.stamp
REQUIREMENTS := requirements/bootstrap.txt requirements/dev.txt
export PORT

.DEFAULT_GOAL := help
.PHONY: help demo test fast chaos pressure bench growth check format openapi logs status down clean lock

help: ## show what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## bring the platform up with both tenants and play a story in each (PORT=8080)
	@$(BIN)/python -m deploy.local demo

test: $(READY) ## run every test that this machine can run (ARGS="-k name")
	@$(BIN)/python -m deploy.local.suites $(ARGS)

fast: $(READY) ## run the tests that need no broker, database or process
	@$(BIN)/python -m deploy.local.suites --fast $(ARGS)

chaos: $(READY) ## break everything under load and look what was lost (SEED=7 DURATION=180)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(DURATION),--duration $(DURATION)) $(ARGS)

pressure: $(READY) ## measure a minute of each long trouble (PRESSURE_SECONDS=60)
	@PRESSURE_SECONDS=$${PRESSURE_SECONDS:-60} $(BIN)/pytest tests/pressure -q

bench: $(READY) ## measure every row beside its floor (ONLY=hop ROUNDS=9), write docs/performance.md
	@$(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

growth: $(READY) ## measure costs while the platform fills, and memory over stories, write docs/growth.md
	@$(BIN)/python -m tests.bench.growth $(ARGS)

check: $(READY) ## format, lint, types, import rules, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/pytest -q tests/architecture

format: $(READY) ## put the code into its form
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

openapi: $(READY) ## write openapi.json and the gateway's route table anew
	@$(BIN)/python -m deploy.openapi

logs: $(READY) ## follow what the running platform says
	@$(BIN)/python -m deploy.local logs

status: $(READY) ## say which process is in which state
	@$(BIN)/python -m deploy.local status

down: ## stop every process of the platform
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local down; fi

clean: ## stop it, and forget its data, secrets and logs
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local clean; fi

lock: $(READY) ## pin the requirements anew after a change of requirements/*.in
	@for name in main dev bootstrap; do \
		$(BIN)/uv pip compile requirements/$$name.in -o requirements/$$name.txt \
			--generate-hashes --universal --python-version 3.11 --quiet || exit 1; \
	done
	@for name in database gateway; do \
		$(BIN)/uv pip compile deploy/images/$$name/requirements.in \
			-o deploy/images/$$name/requirements.txt \
			--generate-hashes --universal --python-version 3.11 --quiet || exit 1; \
	done

# uv installs in seconds what takes pip a minute. Where only pip is set up to reach a package
# index, pip does it. The project itself is linked, not copied.
$(READY): $(REQUIREMENTS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		  echo "installing python3-venv with apt-get ..." && \
		  { apt-get install -y -qq python3-venv >/dev/null 2>&1 || \
		    { apt-get update -qq && apt-get install -y -qq python3-venv; } >/dev/null 2>&1; }; } || \
		{ echo "error: Python cannot make environments here: apt-get install python3-venv"; exit 1; }
	@echo "setting up $(VENV) (once, less than a minute) ..."
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv --clear $(VENV)
	@{ $(BIN)/pip install -q --require-hashes -r requirements/bootstrap.txt && \
	   $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt; \
	 } 2>$(VENV)/setup.log || \
	 $(BIN)/pip install -q --require-hashes -r requirements/dev.txt 2>>$(VENV)/setup.log || \
	 { tail -n 5 $(VENV)/setup.log; \
	   echo "error: the packages could not be installed (no network?); see $(VENV)/setup.log"; exit 1; }
	@$(BIN)/pip install -q --no-deps --no-build-isolation --editable . 2>>$(VENV)/setup.log || \
		{ tail -n 5 $(VENV)/setup.log; exit 1; }
	@touch $@
