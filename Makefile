.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKBENCH := lms_graphql/server/graphiql
CLIENTS := tests/clients
TESTS ?=
WORKERS ?= auto

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

# One stamp file for each part of the set-up, so that every target does the set-up it needs, once.
$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11 …") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(WORKBENCH)/dist/index.html: $(WORKBENCH)/package-lock.json $(WORKBENCH)/index.html $(WORKBENCH)/vite.config.js $(wildcard $(WORKBENCH)/src/*)
	@if command -v npm >/dev/null; then \
		cd $(WORKBENCH) && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error \
		&& npm run --silent build -- --logLevel warn && touch dist/index.html; \
	else echo "npm is not here: the API works, a plain page stands in for the workbench"; fi

.PHONY: setup
setup: ## Set everything up (run and test do it by themselves)
	@$(MAKE) --no-print-directory -j2 $(VENV)/.installed $(WORKBENCH)/dist/index.html

.PHONY: run
run: setup ## Serve on http://127.0.0.1:8000 with an embedded PostgreSQL and demo data
	@$(BIN)/lms-graphql serve

# A file on each core at a time, each core with a PostgreSQL of its own; then those that measure time, with the cores free.
.PHONY: test
test: $(VENV)/.installed ## Run the tests (TESTS=path for some of them, in one process; WORKERS=n)
ifeq ($(TESTS),)
	$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not alone and not proof"
	$(BIN)/python -m pytest -m alone $$(grep -rl --include='test_*.py' 'mark\.alone' tests)
else
	$(BIN)/python -m pytest $(TESTS)
endif

.PHONY: check
check: $(VENV)/.installed ## Lint, types, import contracts, stale schema, migrations against models
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/lms-graphql schema | diff -u schema.graphql - || { echo "schema.graphql is stale: make schema"; exit 1; }
	$(BIN)/python -m pytest tests/storage/test_model.py

.PHONY: format
format: $(VENV)/.installed ## Format the code and mend what lint can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: schema
schema: $(VENV)/.installed ## Write schema.graphql anew
	$(BIN)/lms-graphql schema > schema.graphql.new && mv schema.graphql.new schema.graphql

.PHONY: migrate
migrate: $(VENV)/.installed ## Bring the database to head
	$(BIN)/lms-graphql migrate

.PHONY: workbench
workbench: ## Build the workbench (needs npm)
	@command -v npm >/dev/null || { echo "npm is needed: install Node.js 20 or later"; exit 1; }
	@$(MAKE) --no-print-directory $(WORKBENCH)/dist/index.html

.PHONY: psql
psql: $(VENV)/.installed ## Open psql on the database of the environment, or on the running embedded one
	@$(BIN)/lms-graphql psql

.PHONY: browser-test
browser-test: setup ## Run the browser test of the workbench (needs Debian's chromium)
	$(BIN)/python tests/browser/run.py

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed: install Node.js 20 or later"; exit 1; }
	cd $(CLIENTS) && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

.PHONY: client-test
client-test: $(VENV)/.installed $(CLIENTS)/node_modules/.installed ## Page, refetch and ask by id with Relay, Apollo, urql and codegen; lint the schema (needs npm)
	$(BIN)/python -m tests.clients.run

.PHONY: fuzz
fuzz: $(VENV)/.installed ## Compare 12,000 generated documents with graphql-core's answers (FUZZ_SEED=number)
	FUZZ_DOCUMENTS=12000 FUZZ_SEED=$(or $(FUZZ_SEED),$(shell date +%s)) $(BIN)/python -m pytest tests/engine/test_same_answers.py

BENCH_PEERS := tests/benchmarks/peers

$(BENCH_PEERS)/node_modules/.installed: $(BENCH_PEERS)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed for the peers: install Node.js 20 or later"; exit 1; }
	cd $(BENCH_PEERS) && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

.PHONY: bench
bench: $(VENV)/.installed $(BENCH_PEERS)/node_modules/.installed ## Measure against other servers (BENCH=part PEERS=names ROUNDS=n)
	@$(BIN)/python -m tests.benchmarks

.PHONY: audit
audit: $(VENV)/.installed ## Run the 61 audits of GraphQL over HTTP against a production server (needs npm)
	@command -v npm >/dev/null || { echo "npm is needed: install Node.js 20 or later"; exit 1; }
	$(BIN)/python -m tests.audits.run

.PHONY: overload
overload: $(VENV)/.installed ## Send ten times more than the server can answer (LOAD_SECONDS=60 LOAD_SLACK=1), on a machine at rest
	$(BIN)/python -m tests.load.overload $(or $(LOAD_SECONDS),60) $(or $(LOAD_SLACK),1)

.PHONY: crash
crash: $(VENV)/.installed ## Kill the server and PostgreSQL amid mutations: each is done once (CHAOS_SECONDS=20 CHAOS_KILLS=30 CHAOS_SLACK=1)
	$(BIN)/python -m pytest -s tests/chaos

.PHONY: learning
learning: $(VENV)/.installed ## Seats and attempts by as many people at once as is promised: 500 for 30 seats, 100 with 50 starts each
	$(BIN)/python -m pytest -m proof tests/changing/test_seats.py tests/changing/test_quizzes.py

.PHONY: authoring
authoring: $(VENV)/.installed ## Three people author two courses at once, 2,000 steps; templates and rosters of every shape
	$(BIN)/python -m pytest -m proof tests/changing/test_authoring_machine.py tests/changing/test_templates_properties.py tests/interop

.PHONY: rates
rates: $(VENV)/.installed ## Enrolments, progress events and quizzes per second with real commits (LOAD_SLACK=1), on a machine at rest
	$(BIN)/python -m tests.load.rates $(or $(LOAD_SLACK),1)

.PHONY: term
term: $(VENV)/.installed ## Live through a whole term over HTTP, and compare what it came to with independent sums
	$(BIN)/python -m pytest -s tests/term

.PHONY: upstream-test
upstream-test: $(VENV)/.installed ## Run graphql-core's own tests of execution against our executor
	$(BIN)/python tests/engine/upstream/run.py

.PHONY: amplification
amplification: $(VENV)/.installed ## Measure what failures cost: at most 1.3 times the clean document
	AMPLIFICATION_RUNS=100 $(BIN)/python -m pytest -s tests/engine/test_amplification.py

.PHONY: plans
plans: $(VENV)/.installed ## Show that every filter and order uses an index at 200,000 rows of everything
	LMS_THOROUGH=1 $(BIN)/python -m pytest -s tests/storage/test_plans.py tests/storage/test_talk_plans.py

.PHONY: isolation
isolation: $(VENV)/.installed ## Show that nothing crosses from one university, or person, to another: every way of the schema
	LMS_THOROUGH=1 $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile tests/isolation

# For the oldest Python that we support (Debian 12 has 3.11.2) and for every platform.
COMPILE = UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --python-version 3.11.2 --generate-hashes --no-emit-index-url --no-header

.PHONY: lock
lock: $(VENV)/.installed ## Pin and hash the requirements anew
	$(COMPILE) --extra embedded pyproject.toml -o requirements.txt
	$(COMPILE) --all-extras pyproject.toml -o requirements-dev.txt

.PHONY: clean
clean: ## Remove what the targets made; data stays
	rm -rf $(VENV) $(WORKBENCH)/dist $(WORKBENCH)/node_modules $(CLIENTS)/node_modules $(CLIENTS)/build $(BENCH_PEERS)/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
