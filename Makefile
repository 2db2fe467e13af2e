# The project's commands. `make help` says what each one does.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA_DIR ?= var
WORKERS ?= auto
export PORT DATA_DIR

CATALOGUES := $(wildcard portal/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
LEXICON := portal/search/lexicon.marisa
FRONT_END := $(shell find static/css static/js static/img templates -type f 2>/dev/null) static/build.mjs

.PHONY: help run setup setup-tests build check format test bench screenshot lock translations clean
.DEFAULT_GOAL := help

help: ## say what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/run.stamp static/build/manifest.json $(COMPILED) $(LEXICON) ## start the demo network: portal, worker, identity provider
	@$(BIN)/python -m demo.run

setup: $(VENV)/dev.stamp static/build/manifest.json $(COMPILED) $(LEXICON) setup-tests ## install everything, start nothing

build: static/build/manifest.json $(COMPILED) $(LEXICON) ## build the front end and the translations

check: $(VENV)/dev.stamp static/build/manifest.json $(COMPILED) $(LEXICON) ## style, types, imports, templates, spelling, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/codespell
	$(BIN)/python -m tests.catalogue

format: $(VENV)/dev.stamp ## put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: setup ## run every test, on SQLite and PostgreSQL, in a real browser
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

bench: setup ## measure, as ratios against bare engines in the same run
	$(BIN)/python -m bench

screenshot: setup ## take the picture in the README anew
	$(BIN)/python -m tests.browser.screenshot

lock: $(VENV)/dev.stamp ## renew the locks from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

translations: $(VENV)/dev.stamp ## bring the catalogues up to date with the texts in the code
	$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext --no-location --sort-output -o portal/translations/messages.pot .
	$(BIN)/pybabel -q update -w 120 --no-fuzzy-matching --ignore-obsolete -i portal/translations/messages.pot -d portal/translations

clean: ## take away what was built (not the demo's data)
	rm -rf $(VENV) node_modules static/build $(COMPILED) $(LEXICON)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing Python packages …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing Python packages …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

node_modules/.stamp: package-lock.json
	@node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || { echo "Node 20 or newer is needed." >&2; exit 1; }
	@echo "Installing npm packages …"
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

static/build/manifest.json: node_modules/.stamp $(FRONT_END)
	@npm run --silent build
	@touch $@

%.mo: %.po | $(VENV)/bin/python
	@$(BIN)/pybabel -q compile -i $< -o $@ -l sv

$(LEXICON): portal/search/lexicon_build.py portal/search/lexicon.py portal/search/folding.py requirements.lock | $(VENV)/run.stamp
	@echo "Making the Swedish lexicon …"
	@$(BIN)/python -m portal.search.lexicon_build $@

setup-tests: ## Debian's chromium, postgresql and redis for the tests (as root; otherwise it says what to install)
	@sh tests/install-servers.sh
