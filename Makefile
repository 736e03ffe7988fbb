# Magpie's everyday commands. `make` alone lists them.
# Variables: ARGS (passed on to the program), FEATURES (of the binary), CARGO_TARGET_DIR (cargo's own).

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

target := $(or $(CARGO_TARGET_DIR),target)
page := web/dist/index.html
web_sources := $(shell find web sdk/js/src -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help run test build lint bench screenshots setup

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup $(page) ## Build everything and start a demo server on 127.0.0.1:8080 (ARGS="--listen ADDR --data DIR")
	cargo build --release -p magpie-server --locked
	@exec $(target)/release/magpie serve --dev --demo $(ARGS)

test: ## Run every check and test, as CI does
	@scripts/setup.sh test
	cargo xtask ci

# Link-time optimisation happens only here; it is too slow for every test run. Cargo keeps the
# result apart as the profile `dist`. The copy replaces the file instead of writing into it,
# because cargo has a second hard link to what is there.
build: setup $(page) ## Build target/release/magpie for installing: optimised, stripped, web page inside (FEATURES=s3)
	cargo build --profile dist -p magpie-server --locked $(if $(FEATURES),--features $(FEATURES))
	@mkdir -p $(target)/release
	@rm -f $(target)/release/magpie
	@cp $(target)/dist/magpie $(target)/release/magpie
	@ls -lh $(target)/release/magpie

lint: setup web/node_modules/.package-lock.json ## Check format, lints, types and house rules without running tests
	cargo xtask ci fmt tidy supply sdk-install sdk-lint sdk-types web-lint web-types web-build clippy

bench: setup $(page) ## Measure this machine: one JSON line per result (ARGS="pairs --senders 500"; alone: the suite)
	@cargo xtask bench $(or $(ARGS),suite)

screenshots: ## Take a picture of every page in every size, theme and language into web/screenshots/
	@scripts/setup.sh test
	cargo xtask ci web-install web-build release
	cd web && npm run screenshots

setup:
	@scripts/setup.sh run

# The page is part of the binary, so it is built first, and only when its sources changed.
$(page): $(web_sources) web/node_modules/.package-lock.json | setup
	cd web && npm run build
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json web/package.json | setup
	cd web && npm ci --no-audit --no-fund
	@touch $@
