# Every command a person or CI runs. `make` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO := cargo

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: build
build: ## Build everything, without optimisation
	$(CARGO) build --workspace

.PHONY: release
release: ## Build the static, stripped binary: target/<host>/release/sms_scraper
	.ci/release

.PHONY: demo
demo: ## Scrape the bundled example venues into SQLite; needs a Rust toolchain and nothing else
	.ci/demo

.PHONY: test
test: ## Run every test; installs Prometheus, Pushgateway and PostgreSQL where it may
	.ci/test

.PHONY: e2e
e2e: ## Run the tests against a real Kubernetes, which it builds, starts and ends; needs root
	.ci/e2e

.PHONY: compose
compose: ## Run docker-compose.yml on a Docker of its own, with stand-ins for the base images, and check it; needs root
	.ci/compose

.PHONY: cluster
cluster: ## Leave a Kubernetes running on this machine and print its kubeconfig; needs root
	.ci/e2e up

.PHONY: cluster-down
cluster-down: ## End that cluster
	.ci/e2e down

.PHONY: demo-cluster
demo-cluster: ## Show the operator at work on a real Kubernetes that it starts and ends (KEEP=1 leaves it); needs root
	.ci/demo-cluster

.PHONY: tutorial-cluster
tutorial-cluster: ## Run the tutorial for Kubernetes, as it stands, on a real Kubernetes that it starts and ends; needs root
	.ci/tutorial-cluster

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: lint
lint: ## Check format, lints, scripts, workflows and manifests, as CI does
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	.ci/charts
	.ci/static
	.ci/monitoring

.PHONY: charts
charts: ## Check charts and kustomizations: lint, snapshots, refused values, every object against its schema
	.ci/charts

.PHONY: book
book: ## Build the documentation as a site, target/book, and check its links
	.ci/book

.PHONY: generate
generate: ## Write the files that are generated from the types, charts and dashboards
	$(CARGO) run --quiet -p sms-crds --bin crdgen crds/generated/scrapesources.yaml crds/generated/schema.json
	$(CARGO) run --quiet -p sms-crds --bin docgen docs/reference/manifest.md
	deploy/generate

.PHONY: check-generated
check-generated: generate ## Fail if a generated file is not what its source says
	git diff --exit-code -- crds/generated docs/reference deploy
	test -z "$$(git ls-files --others --exclude-standard -- crds/generated docs/reference deploy | tee -a /dev/stderr)"
	python3 bench/report --check
	$(CARGO) metadata --locked --format-version 1 --manifest-path e2e/fuzz/engine/Cargo.toml > /dev/null

.PHONY: prove
prove: ## Attack everything, count its work, and print one table of figures and goals; needs root
	.ci/prove

.PHONY: prove-long
prove-long: ## The same in its long forms, with the fuzzers: hours
	.ci/prove --long

.PHONY: supply-chain
supply-chain: ## Check licences, sources and bills of materials of what the product is built of
	.ci/supply-chain

.PHONY: fuzz
fuzz: ## Fuzz every reader of foreign bytes, a million executions each, on all processors; an hour or more
	.ci/fuzz

.PHONY: bench
bench: ## Measure and write bench/README.md, with SUITES="job store" these suites alone (BENCH_QUICK=1 tries them out)
	bench/run $(SUITES)
