# Everything one does with a clone. `make` lists it.

VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8580
# Node is the one of the tests, whatever the machine has.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix ui
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
	@tools/install-nfs
	@tools/install-zookeeper
	@tools/install-chromium
	$(BIN)/tox run $(ARGS)

.PHONY: venv
venv: $(VENV)/.scale  ## Only set up: .venv with Scale and its pinned dependencies

.PHONY: mesos
mesos: $(VENV)/.mesos  ## The same, with what a Mesos cluster needs

.PHONY: dev
dev: $(VENV)/.scale $(VENV)/.mesos $(VENV)/.dev-tools $(VENV)/.test-tools  ## Set up for development: test tools and commit hooks too
	$(BIN)/pre-commit install

.PHONY: codegen
codegen: $(VENV)/.scale $(VENV)/.test-tools  ## Generate generated/ from openapi/ and specs/
	@# Not `scale codegen`: what is generated may be too old for the rest of Scale to be imported.
	$(BIN)/python -c "from scale_codegen.cli import codegen; codegen()"

.PHONY: ui
ui: ui/node_modules/.package-lock.json  ## Build the web interface in generated/scale_ui from ui/
	@$(NPM) run build

.PHONY: format
format: $(VENV)/.test-tools  ## Format the code, and mend what ruff can
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: lock
lock: $(VENV)/.dev-tools  ## Pin the dependencies anew after a change (UPGRADE=--upgrade: to the newest)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) pyproject.toml --extra example --extra s3 --extra sftp -o requirements/run.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/build.in -c requirements/run.txt -o requirements/build.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) pyproject.toml --extra mesos -c requirements/run.txt \
	    --no-emit-package http-parser -o requirements/mesos.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) pyproject.toml --extra example --extra s3 --extra sftp --extra codegen \
	    requirements/build.in requirements/test.in \
	    -c requirements/run.txt -c requirements/build.txt -o requirements/test.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/dev.in -c requirements/test.txt -o requirements/dev.txt

.PHONY: bench
bench: $(VENV)/.mesos $(VENV)/.test-tools  ## Measure how fast Scale is, beside what the machine can do (ARGS="--quick", "--help")
	$(BIN)/python -m bench $(ARGS)

.PHONY: clean
clean:  ## Remove what can be made again: environments, caches, the demo's data
	rm -rf $(VENV) .tox .bench .demo build dist ui/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
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

# Without dependencies: pymesos asks for http-parser by a name that a lock with hashes cannot give to a folder.
$(VENV)/.mesos: requirements/mesos.txt $(wildcard packages/http-parser/*.toml packages/http-parser/*/*.py) | $(VENV)/.scale
	@echo "Installing what a Mesos cluster needs"
	@$(PIP) install --require-hashes --no-deps -r requirements/mesos.txt
	@$(PIP) install --no-deps --no-build-isolation ./packages/http-parser
	@touch $@

$(VENV)/.%-tools: requirements/%.txt | $(VENV)/.made
	@echo "Installing the pinned $* tools into $(VENV)"
	@$(PIP) install --require-hashes -r $<
	@touch $@

ui/node_modules/.package-lock.json: ui/package-lock.json ui/package.json ui/.npmrc | $(VENV)/.test-tools
	@$(NPM) ci
	@touch $@
