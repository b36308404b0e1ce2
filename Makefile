# Trunkline: `make run` to try it, `make test` to prove it. Each sets up all it needs in .venv.

PYTHON ?= python3
PORT ?= 8080
SECONDS ?= 60
VENV := .venv
BIN := $(VENV)/bin
DISTRIBUTIONS := core $(patsubst %/pyproject.toml,%,$(wildcard observers/*/pyproject.toml plugins/*/pyproject.toml)) conformance sandbox service
INSTALLED := $(VENV)/installed
# What is compiled when it is first used has to be kept, or each of many processes compiles it anew.
unexport PYTHONDONTWRITEBYTECODE
CONVERSANT := $(notdir $(wildcard cassettes/*))
LOCKED = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links \
	$(foreach each,$(DISTRIBUTIONS),--no-emit-package trunkline$(if $(filter-out core,$(each)),-$(notdir $(each))))

.PHONY: run test fuzz conformance bench chaos lint audit lock area-codes provider-table cassettes conformance-page template wrong-plugins mutate clean

run: $(INSTALLED)        ## start the service and the simulated carriers on loopback
	@$(BIN)/python demo/demo.py --port='$(PORT)'

test: $(INSTALLED)       ## every test; a test that lacks a server skips and says how to run it
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

conformance: $(addprefix conformance-of-,$(CONVERSANT)) ## hold our providers against the suite, faults included (make -j 2 for two at once)

conformance-of-%: $(INSTALLED)
	@mkdir -p build
	$(BIN)/trunkline-conformance run $* --cassettes cassettes/$* $(ARGS) \
		--json build/conformance-$*.json --html build/conformance-$*.html

fuzz: $(INSTALLED)       ## garbled answers against the SIP wire (make fuzz SECONDS=600 for longer)
	$(BIN)/python tests/core/sip/fuzz.py $(SECONDS)

bench: $(INSTALLED)      ## measure; writes build/bench.json
	$(BIN)/python benchmarks/bench.py $(ARGS)

chaos: $(INSTALLED)      ## kill replicas under load for two minutes, then compare every book; needs PostgreSQL
	$(BIN)/python tests/chaos/chaos.py $(ARGS)

lint: $(INSTALLED)       ## style, types, and what bandit says of our sources
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(wildcard */src observers/*/src plugins/*/src)

audit: $(BIN)/uv         ## ask a vulnerability database about every pinned dependency; needs the network
	$(BIN)/uv tool run pip-audit==2.10.1 --strict --require-hashes --disable-pip \
		--requirement requirements.lock --requirement deploy/requirements.lock

lock: $(BIN)/uv           ## pin every dependency with its hashes; what the container needs of them, once more
	$(LOCKED) $(addsuffix /pyproject.toml,$(DISTRIBUTIONS)) --group dev --group bench --output-file requirements.lock
	echo hatchling | $(LOCKED) $(addsuffix /pyproject.toml,$(filter-out conformance sandbox,$(DISTRIBUTIONS))) - \
		--extra otel --constraint requirements.lock --output-file deploy/requirements.lock

area-codes: $(INSTALLED) ## make the table of North American area codes anew
	$(BIN)/python core/scripts/make_area_codes.py core/src/trunkline/area_codes.py

provider-table: $(INSTALLED) ## write the README's table of providers anew
	$(BIN)/python docs/make_provider_table.py README.md

cassettes: $(INSTALLED)   ## record the carriers' conversations anew, on their simulations
	$(foreach each,$(filter-out manual,$(CONVERSANT)),$(BIN)/trunkline-conformance record $(each) --cassettes cassettes/$(each) &&) true

conformance-page: $(INSTALLED) ## write docs/conformance.md anew
	$(BIN)/python docs/make_conformance_page.py docs/conformance.md

template: $(INSTALLED)    ## record the conversations of the template for a new provider anew
	$(BIN)/python conformance/scripts/record_template.py

wrong-plugins: $(INSTALLED) ## print which check catches which wrong plugin
	$(BIN)/python conformance/wrong_plugins/shelf.py

mutate: $(INSTALLED)      ## change the checks; print the changes that no wrong plugin notices (ARGS=listing for one module)
	$(BIN)/python conformance/wrong_plugins/mutation.py $(ARGS)

clean:                   ## forget everything that was made here
	rm -rf $(VENV) build .trunkline .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(INSTALLED): requirements.lock $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		$(addprefix --editable ,$(DISTRIBUTIONS))
	@touch $@
