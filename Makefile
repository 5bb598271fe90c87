# Every target is one line a person could type; CI calls the same ones. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help

# Made when .venv is missing, was left half-made, or requirements.txt changed.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Installing the course into .venv: a few minutes and about 7 GB on Linux, once."
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python $(PYTHON) .venv && uv pip sync --quiet --python $(BIN)/python requirements.txt && uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --requirement requirements.txt && $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

setup: $(READY)  ## make .venv, or bring it up to date
