# What a developer runs. `make` alone lists it.
#
# `make run` builds with cargo's dev profile: dependencies without debug information, our own with line tables, nothing
# optimised. Everything that is for tests goes to a target folder of its own, so that neither build undoes the other.

SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help
.PHONY: help run dev test chaos check audit bench schema fuzz simulated release container setup need

ARGS ?=
SIMULATED := target/simulated

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: need ## build and start the server; the first start prints a request to paste (ARGS='--listen 127.0.0.1:9000')
	@scripts/dashboard
	cargo run -p cetar -- serve $(ARGS)

dev: need ## a gateway and a simulated WhatsApp in one terminal, to work on both; data in target/dev
	@scripts/dashboard
	scripts/dev $(ARGS)

test: need setup ## run every test, on SQLite and PostgreSQL; installs what is missing and may be installed
	scripts/test $(ARGS)

chaos: need setup ## kill the server while it works, and check what arrived (ARGS='--seed 7 --kills 100 --sends 5000 --database sqlite --network sandbox')
	cargo build --workspace --all-features --target-dir $(SIMULATED)
	@ln -sf debug/cetar $(SIMULATED)/cetar
	$(SIMULATED)/debug/chaos $(ARGS)

check: need setup ## format, lints, architecture, licences, and that no dangerous feature is in the release
	@scripts/dashboard
	scripts/check

audit: need ## known vulnerabilities and yanked crates (needs cargo-deny and the network)
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	cargo deny --all-features check

bench: need setup ## measure how fast it is, beside what is bare of it (ARGS='--quick', ARGS='--only accept')
	scripts/bench $(ARGS)

schema: need setup simulated ## hold a running server against its own OpenAPI document for longer (ARGS=500: so many cases an operation)
	CETAR_TEST_SCHEMA_EXAMPLES=$(or $(ARGS),200) scripts/postgres run -- \
		cargo test -p cetar-e2e --all-features --target-dir $(SIMULATED) --test schema

fuzz: need ## fuzz what callers write as they like, on the stable toolchain (ARGS='600 send_body': seconds, targets)
	scripts/fuzz $(ARGS)

simulated: need ## build target/simulated/cetar, which talks to a stand-in for WhatsApp; never ship it
	cargo build -p cetar --features simulated --target-dir $(SIMULATED)
	@ln -sf debug/cetar $(SIMULATED)/cetar

release: need ## build the binary to ship, target/release/cetar
	@scripts/dashboard
	cargo build --release --locked -p cetar

container: need ## follow the steps of packaging/docker/Dockerfile in an empty folder, and try what they make
	packaging/docker/rehearse

setup: ## install what the tests need beyond Rust: PostgreSQL, PHP, strace, curl, schemathesis
	@scripts/setup

need:
	@command -v cargo >/dev/null || { echo "Rust is missing: see https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing (Debian: apt-get install gcc libc6-dev)"; exit 1; }
