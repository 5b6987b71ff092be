# `make` alone lists the targets. Each installs what it needs first (tools/prepare); nothing is written outside this folder and the usual package caches.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1
export DOTNET_GENERATE_ASPNET_CERTIFICATE := false

ROOMS := schemas sql storage privacy operators engines connectors featurestore governance jobs server cli
SOURCES := $(shell find $(wildcard $(ROOMS)) -type f -not -path '*/bin/*' -not -path '*/obj/*') \
           $(wildcard Directory.Build.props Directory.Packages.props global.json package-lock.json BannedSymbols.txt)
LEPTON := artifacts/lepton/lepton

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: prepare
prepare:
	@tools/prepare

.PHONY: build
build: prepare $(LEPTON) ## build the command: artifacts/lepton, run by ./lepton

$(LEPTON): $(SOURCES) | prepare
	@tools/publish $(@D)

.PHONY: demo
demo: build ## the main job on 3,000,000 real flights, from files to a training set and a report
	@tools/demo

.PHONY: air
air: build ## another example: a year of air measurements with their gaps
	@tools/demo air-quality

.PHONY: visits
visits: build ## another example: a week of restaurant visits
	@tools/demo visits

.PHONY: loans
loans: build ## another example: loans, zip codes that lost their zeros, histories of few
	@tools/demo loans

.PHONY: drivers
drivers: build ## another example: Feast's drivers, in two times
	@tools/demo drivers

.PHONY: test
test: ## all tests: Unit, then System; ends with `N passed, N failed, N skipped`
	@tools/test

.PHONY: torture
torture: ## the long tests: many kills, more seeds
	@tools/test --torture

.PHONY: bench
bench: prepare ## benchmarks (BenchmarkDotNet); FILTER='*Join*' picks some, BENCH=point-in-time is the join against DuckDB's
	@dotnet run --project tests/Benchmarks --configuration Release --verbosity quiet -- $(or $(BENCH),--filter '$(or $(FILTER),*)' --artifacts artifacts/benchmarks)

.PHONY: assets
assets: ## install what the tests use beyond the build: a browser for the report
	@tools/prepare --tests

.PHONY: clean
clean: ## delete everything that was built, the demo's lake and the downloads of npm
	@rm -rf artifacts node_modules examples/*/lake examples/*/data examples/*/report*.html
