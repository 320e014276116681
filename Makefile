# The two commands that matter are `make run` and `make test`. A Rust toolchain is all that they expect to find.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Where cargo puts what it builds.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help
help: ## Show this
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: run
run: build ## Start Skopos with the demo shop and watch its checkout
	@export SHOP_PASSWORD="$${SHOP_PASSWORD:-open-sesame}"; exec "$(TARGET)/debug/skopos" dev --apply examples

.PHONY: build
build: compiler
	cargo build --locked --bin skopos

.PHONY: test
test: compiler ## Run every test, with the servers that they need
	scripts/test.sh

.PHONY: chaos
chaos: compiler ## Break a fleet for CHAOS_SECONDS with CHAOS_SEED, and judge it
	cargo build --locked --workspace --bins --features planted-bugs
	@exec "$(TARGET)/debug/chaos"

.PHONY: pages
pages: compiler ## Prove that people are told: kills, frozen notifiers, floods, latency
	cargo build --locked --workspace --bins --features planted-bugs
	@exec "$(TARGET)/debug/pages"

.PHONY: bench
bench: compiler ## Measure a fleet (lag, saturation, what another worker adds) and the engine alone
	cargo build --locked --release --package skopos --package bench
	@for what in lag saturate workers engine language; do "$(TARGET)/release/bench" $$what; done

.PHONY: fmt
fmt: ## Format
	cargo fmt --all

.PHONY: lint
lint: compiler ## Check the format and the lints
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --features planted-bugs -- -D warnings

.PHONY: services
services: ## Start PostgreSQL and RabbitMQ for tests, unless they run already
	scripts/ensure-postgres.sh
	scripts/ensure-rabbitmq.sh

.PHONY: compiler
compiler:
	@scripts/ensure-cc.sh
