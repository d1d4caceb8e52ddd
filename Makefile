# Targets for users only name a pipeline or a command of orchestrate; targets for contributors are below.
.DEFAULT_GOAL := help
.PHONY: help demo build-optimized build-clean build-service docker-usage docker-monitor optimize-storage deep-clean up compare-sizes \
	setup build generate check format test bench

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
ORCHESTRATE := bin/orchestrate
SOURCES := $(shell find src -name '*.ts') scripts/bundle.ts

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: ## set up everything that is missing, then build and deploy the example application to blue
	@scripts/setup.sh
	@$(ORCHESTRATE) run deploy-blue

build-optimized: dist/orchestrate.cjs ## clean, build all services, check their sizes
	@$(ORCHESTRATE) run build

build-clean: dist/orchestrate.cjs ## deep clean first, then build every step anew
	@$(ORCHESTRATE) build --clean aggressive --no-cache

build-service: dist/orchestrate.cjs ## build one service: make build-service SERVICE=frontend
	@$(ORCHESTRATE) build --service $(SERVICE)

docker-usage: dist/orchestrate.cjs ## what images and build cache use
	@$(ORCHESTRATE) usage

docker-monitor: dist/orchestrate.cjs ## limits, recommendations and a report under logs/docker/
	@$(ORCHESTRATE) monitor --report markdown

optimize-storage: dist/orchestrate.cjs ## remove old images and build cache over its budget
	@$(ORCHESTRATE) clean

deep-clean: dist/orchestrate.cjs ## clean by the aggressive policy
	@$(ORCHESTRATE) run deep-clean

up: dist/orchestrate.cjs ## start the development environment
	@$(ORCHESTRATE) run deploy-development

compare-sizes: ## plain against optimised images, measured
	@scripts/compare-sizes.sh

setup: ## set up Node packages, Docker Engine, base images and the bundle where they are missing
	@scripts/setup.sh

build: dist/orchestrate.cjs ## bundle the program

dist/orchestrate.cjs: $(SOURCES) package.json node_modules/.package-lock.json
	@node scripts/bundle.ts

node_modules/.package-lock.json: package-lock.json
	@scripts/setup.sh packages

generate: node_modules/.package-lock.json ## write schemas, validators and reference pages anew
	@node scripts/generate.ts

format: node_modules/.package-lock.json ## format the sources
	@oxfmt src test bench scripts *.ts

check: node_modules/.package-lock.json ## format, lint, types, dead code, architecture, unit tests, generated files
	@oxfmt --check src test bench scripts *.ts
	@oxlint --type-aware src test bench scripts
	@tsc
	@knip
	@node scripts/generate.ts --check
	@vitest run --project unit

test: ## set up what is missing, then check and test everything on the real Docker Engine
	@scripts/setup.sh
	@scripts/test-tools.sh
	@node scripts/test.ts

bench: dist/orchestrate.cjs ## all benchmarks, as ratios against their alternatives
	@for file in bench/*.bench.ts; do node "$$file" || exit 1; done
