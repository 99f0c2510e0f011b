# One command each; `make help` lists them. Everything needed is created on first use: .venv from the locked
# requirements, GraphiQL from its npm lock, the browser of the tests from the system's packages.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GRAPHIQL := gateway/graphiql
GRAPHIQL_SOURCES := $(shell find $(GRAPHIQL)/src $(GRAPHIQL)/public -type f 2>/dev/null) $(wildcard $(GRAPHIQL)/*.json $(GRAPHIQL)/*.ts $(GRAPHIQL)/*.html $(GRAPHIQL)/.npmrc)
PORTAL := examples/portal
PORTAL_SOURCES := $(shell find $(PORTAL)/src -type f 2>/dev/null) $(wildcard $(PORTAL)/*.json $(PORTAL)/*.ts $(PORTAL)/*.mjs $(PORTAL)/*.html $(PORTAL)/.npmrc) schema/schema.graphql
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo serve test check lint types contracts format schema reference graphiql portal pictures bench soak fuzz lock browser clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/.demo graphiql portal ## Start the gateway with four demo backends and print address, tokens and a query (ARGS="--chaos")
	@$(BIN)/bizgraph demo $(ARGS)

serve: $(VENV)/.demo graphiql ## Start the gateway for ./bizgraph.toml (CONFIG=path ARGS="--workers 2")
	@$(BIN)/bizgraph serve --config $(or $(CONFIG),bizgraph.toml) $(ARGS)

test: $(VENV)/.dev graphiql portal browser ## Run every test
	cd $(GRAPHIQL) && npm run --silent check && npm test --silent
	cd $(PORTAL) && npm run --silent check && npm test --silent
	$(BIN)/pytest -q -n 2 --dist worksteal $(ARGS)

check: lint types contracts ## Lint, types and import contracts

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/.demo ## Print the schema into schema/schema.graphql
	$(BIN)/bizgraph schema > schema/schema.graphql.new && mv schema/schema.graphql.new schema/schema.graphql

reference: $(VENV)/.demo ## Write docs/configuration.md from the models that read the configuration
	$(BIN)/python -c "from gateway.reference import markdown; print(markdown(), end='')" > docs/configuration.md

graphiql: $(GRAPHIQL)/dist/index.html ## Build GraphiQL into the package

bench: $(VENV)/.dev ## Measure the executor, the stages of a request and the gateway (ARGS="--quick")
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.dev ## Ask for minutes while one system after the other fails (ARGS="--minutes 10"): nothing leaks or slows
	$(BIN)/python -m benchmarks.soak $(ARGS)

fuzz: $(VENV)/.dev ## Compare the executor with graphql-core on random schemas, queries and faults (ARGS="--seconds 600")
	$(BIN)/python -m tests.gateway.execution.fuzz $(ARGS)

lock: $(VENV)/.dev ## Renew the locked, hashed requirements
	$(BIN)/python -m uv pip compile -q --no-header --no-annotate --generate-hashes --universal --no-strip-extras --no-emit-index-url --extra demo --extra build pyproject.toml -o requirements.txt
	$(BIN)/python -m uv pip compile -q --no-header --no-annotate --generate-hashes --universal --no-strip-extras --no-emit-index-url --extra demo --extra build --extra otel --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

# The first two need nothing but Python: a virtual environment, then packages by hash, then the project itself.
$(VENV)/.demo: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make demo PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(GRAPHIQL)/node_modules/.package-lock.json: $(GRAPHIQL)/package.json $(GRAPHIQL)/package-lock.json
	cd $(GRAPHIQL) && npm ci --no-audit --no-fund --loglevel=error

$(GRAPHIQL)/dist/index.html: $(GRAPHIQL)/node_modules/.package-lock.json $(GRAPHIQL_SOURCES)
	cd $(GRAPHIQL) && npm run --silent build

portal: $(PORTAL)/dist/index.html ## Build the customer portal that the demo serves

$(PORTAL)/node_modules/.package-lock.json: $(PORTAL)/package.json $(PORTAL)/package-lock.json
	cd $(PORTAL) && npm ci --no-audit --no-fund --loglevel=error

$(PORTAL)/dist/index.html: $(PORTAL)/node_modules/.package-lock.json $(PORTAL_SOURCES)
	cd $(PORTAL) && npm run --silent build

pictures: $(VENV)/.dev graphiql portal browser ## Make the pictures in docs/pictures from the running demo
	$(BIN)/python -m tests.browser.pictures

# A browser for the tests that open pages: the system's own where there is one, Debian's package otherwise.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { echo "installing chromium for the browser tests"; \
	    if [ "$$(id -u)" = 0 ]; then S=; else S=sudo; fi; \
	    $$S apt-get update -qq && $$S env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

clean: ## Remove what was built
	rm -rf $(VENV) $(GRAPHIQL)/dist $(GRAPHIQL)/node_modules $(PORTAL)/dist $(PORTAL)/node_modules dist build .pytest_cache .mypy_cache .ruff_cache
