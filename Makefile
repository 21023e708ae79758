# Everything one does with a clone. `make` lists it.

VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8580
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## List the targets
	@echo "Scale: automated processing of files. Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv  ## Set up if needed, then run the night-lights example from start to end
	$(BIN)/python examples/night-lights/demo.py

.PHONY: up
up: venv  ## The same, and leave Scale running (PORT=8580)
	$(BIN)/python examples/night-lights/demo.py --keep --port $(PORT)

.PHONY: test
test: $(VENV)/.dev-tools  ## Run every check and test (ARGS="-e unit,lint" for some)
	@tools/install-postgres
	@tools/install-docker
	$(BIN)/tox run $(ARGS)

.PHONY: venv
venv: $(VENV)/.scale  ## Only set up: .venv with Scale and its pinned dependencies

.PHONY: dev
dev: $(VENV)/.scale $(VENV)/.dev-tools $(VENV)/.test-tools  ## Set up for development: test tools and commit hooks too
	$(BIN)/pre-commit install

.PHONY: codegen
codegen: $(VENV)/.scale $(VENV)/.test-tools  ## Generate generated/ from openapi/ and specs/
	@# Not `scale codegen`: what is generated may be too old for the rest of Scale to be imported.
	$(BIN)/python -c "from scale_codegen.cli import codegen; codegen()"

.PHONY: format
format: $(VENV)/.test-tools  ## Format the code, and mend what ruff can
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: lock
lock: $(VENV)/.dev-tools  ## Pin the dependencies anew after a change (UPGRADE=--upgrade: to the newest)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) pyproject.toml --extra example -o requirements/run.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/build.in -c requirements/run.txt -o requirements/build.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) pyproject.toml --all-extras requirements/build.in requirements/test.in \
	    -c requirements/run.txt -c requirements/build.txt -o requirements/test.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/dev.in -c requirements/test.txt -o requirements/dev.txt

.PHONY: bench
bench: $(VENV)/.scale  ## Measure how fast Scale is, beside what the machine can do (ARGS="--quick", "--help")
	$(BIN)/python -m bench $(ARGS)

.PHONY: clean
clean:  ## Remove what can be made again: environments, caches, the demo's data
	rm -rf $(VENV) .tox .bench .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp says that its lock is installed; a changed lock is installed again.

$(VENV)/.made: tools/create-venv
	@tools/create-venv $(VENV)
	@touch $@

# Scale itself is installed in place, so that a `git pull` needs no new installation.
$(VENV)/.scale: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/.made
	@echo "Installing Scale's pinned dependencies into $(VENV) (about half a minute)"
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	@echo "Installing Scale in place"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.%-tools: requirements/%.txt | $(VENV)/.made
	@echo "Installing the pinned $* tools into $(VENV)"
	@$(PIP) install --require-hashes -r $<
	@touch $@
