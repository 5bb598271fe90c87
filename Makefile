# Every target is a line that a person could type; CI calls the same ones. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Jupyter refuses to run as root unless told so, which is normal in a container.
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)
# A process a core with one thread each: more threads than cores are many times slower. A file stays in one process,
# since a notebook's cells belong together. tests/export has processes of its own: after the exporters have run in a process,
# a child that is forked from it does not work any more, and tests of loaders fork. Its slow tests are nearly all in one
# file, which the processes share. What Python compiles is kept whatever the environment says: hundreds of processes start.
SIDE_BY_SIDE = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup lab test browser test-slow lessons style check fix samples notebooks solutions claims bench times page site fresh lock doctor

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs in a quarter of pip's time. What pip alone was told, as where packages come from, is why pip may have to do it.
UV = PATH="$$PATH:$(CURDIR)/$(BIN)" uv

# Made when .venv is missing, was left half-made, or requirements.txt changed.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Installing the course into .venv: a few minutes, once (on Linux about 7 GB, most of it CUDA)."
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python $(PYTHON) .venv; \
	else \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet "$$(grep '^uv==' requirements.txt)"; \
	fi
	@$(UV) pip sync --quiet --python $(BIN)/python requirements.txt || \
		$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)  ## make .venv, or bring it up to date

lab: $(READY)  ## open JupyterLab on the lessons
	PATH="$(CURDIR)/$(BIN):$$PATH" JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter lab --FileContentsManager.preferred_dir=lessons $(ROOT_FLAG) $(LAB_FLAGS)

test: $(READY)  ## unit tests, papermill runs, and every notebook compared strictly
	$(SIDE_BY_SIDE) -p tests.forked --nbval tests lessons --ignore tests/export
	$(SIDE_BY_SIDE) tests/export

# The browser that the tests of lessons, site and page drive. Where it cannot be had, they say so and skip.
CHROMIUM = command -v chromium || command -v chromium-browser || command -v google-chrome
INSTALL_CHROMIUM = [ "$$(id -u)" -eq 0 ] && command -v apt-get && apt-get -qq update && apt-get -qq install --yes chromium

browser:  ## install Chromium for the tests in a browser, where it is missing and you may
	@{ $(CHROMIUM) || { $(INSTALL_CHROMIUM); }; } >/dev/null 2>&1 || echo "No browser: the tests in one are skipped (apt-get install chromium)"

# The files that can have slow tests alone: to import all others takes longer than some of these tests.
SLOW = $(shell grep -rlE --include 'test_*.py' 'pytestmark|pytest[.]mark[.]slow' tests)

test-slow: $(READY) browser  ## what takes minutes: every lesson in JupyterLab, killed runs, several processes, much data, the site
	$(SIDE_BY_SIDE) -m slow $(filter-out tests/export/%,$(SLOW))
	$(SIDE_BY_SIDE) --dist worksteal -m slow $(filter tests/export/%,$(SLOW))

lessons: $(READY)  ## run every lesson into runs/<date>/ with a report (LESSON=01; on your pictures: DATA=~/photos; settings in a file: RECIPE=my.yaml)
	$(BIN)/python -m utils.notebooks run $(if $(LESSON),--lesson $(LESSON)) $(if $(DATA),--data $(DATA)) $(if $(RECIPE),--file $(RECIPE))

style: $(READY)  ## ruff over code and notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check: style test  ## style, then test

fix: $(READY)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

samples: $(READY)  ## make data_samples/ again from its scripts
	$(BIN)/python data_samples/make

notebooks: $(READY)  ## execute the committed notebooks in place, clean (LESSON=01: only these)
	$(BIN)/python -m utils.notebooks execute $(LESSON)

solutions: $(READY)  ## generate lessons/solutions, and the common mistakes in lessons/README.md, from utils/exercises
	$(BIN)/python -m utils.exercises solutions
	$(BIN)/python -m utils.exercises mistakes

claims: $(READY)  ## does every claim hold on 5 seeds with 1 and 2 threads? (LESSON=01)
	$(BIN)/python -m utils.notebooks claims --lesson $(LESSON)

bench: $(READY)  ## speed and memory, each beside the plain way
	$(BIN)/python -m tests.bench $(BENCH)

times: $(READY)  ## run every lesson on a quiet machine, and write its seconds into the READMEs' tables
	$(BIN)/python -m utils.notebooks run --times

page: $(READY)  ## a web page that answers by a model of yours, on the machine of whoever opens it (MODEL=model.onnx, PAGE=folder)
	@[ -n "$(MODEL)" ] || { echo "Which model? make page MODEL=model.onnx"; exit 2; }
	$(BIN)/python -m utils.export.page "$(MODEL)" "$(or $(PAGE),runs/page)"

# Built beside its place, so that no page of a lesson that is gone stays, and what is there is whole.
site: $(READY)  ## the course as a web site, to be read without Jupyter, into runs/site (where there is no npm: MATHJAX=folder)
	@rm -rf runs/.site
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --doctree-dir runs/.site/read --conf-dir lessons/site . runs/.site/site
	@rm -rf runs/site && mv runs/.site/site runs/site && rm -rf runs/.site
	@echo "Open runs/site/index.html, or put the folder on any web server: it needs nothing from elsewhere."

doctor: $(READY)  ## is this machine ready, and what to do if not
	$(BIN)/python -m utils.doctor

fresh:  ## both commands in a clean clone of the last commit (KEEP=1 leaves the clone)
	$(PYTHON) tests/fresh.py $(if $(KEEP),--keep)

lock: $(READY)  ## compile requirements.txt from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --quiet --extra dev --universal --python-version 3.11 --no-annotate --no-header --upgrade --output-file requirements.txt
	@sed -i.old '1i\\# The exact versions that CI runs, compiled from pyproject.toml by `make lock`. Do not edit by hand.' requirements.txt && rm requirements.txt.old
