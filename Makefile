# make run    set up and show the router at work (no key, no model, no network needed)
# make test   set up and run every check
# make bench  measure beside nginx and the npm tool (needs nginx, gcc and Node; ten minutes)
# make clean  remove what the other two made

VENV := .venv
BIN := $(VENV)/bin
CODE := src tests bench
export PIP_DISABLE_PIP_VERSION_CHECK := 1

bench: $(VENV)/.ready-to-test
	$(BIN)/python bench/run.py --update docs/performance.md

.PHONY: run test lint types unit e2e wheel bench clean

run: $(VENV)/.ready
	@$(BIN)/ccr demo

test: lint types unit e2e wheel

lint: $(VENV)/.ready-to-test
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(VENV)/.ready-to-test
	$(BIN)/mypy

unit: $(VENV)/.ready-to-test
	$(BIN)/pytest -m "not e2e"

e2e: $(VENV)/.ready-to-test
	$(BIN)/pytest -m e2e --durations=5

# What a user gets: the built wheel alone, in a new environment and an empty home.
wheel: $(VENV)/.ready-to-test
	@rm -rf .cache/wheel && mkdir -p .cache/wheel/home
	$(BIN)/python -m build --wheel --outdir .cache/wheel . >.cache/wheel/build.log || { cat .cache/wheel/build.log; exit 1; }
	$(BIN)/python -m venv .cache/wheel/venv
	.cache/wheel/venv/bin/pip install -qq .cache/wheel/*.whl
	cd .cache/wheel && HOME="$$PWD/home" venv/bin/ccr demo --once </dev/null

clean:
	rm -rf $(VENV) .cache dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: pyproject.toml $(VENV)/.made
	@$(BIN)/pip install -qq -e .
	@touch $@

# Installing a dependency group (PEP 735) takes pip 25.1.
$(VENV)/.ready-to-test: pyproject.toml $(VENV)/.ready
	@$(BIN)/pip install -qq 'pip>=25.1'
	@$(BIN)/pip install -qq --group dev
	@touch $@

$(VENV)/.made:
	@new=; whole=; \
	for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  new=$${new:-$$python}; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null && { whole=$$python; break; }; \
	done; \
	[ -n "$$new" ] || { echo "ccr needs Python 3.11 or newer, and none was found on the PATH: install one (on Debian: apt-get install python3 python3-venv) and run make again." >&2; exit 1; }; \
	[ -n "$$whole" ] || { echo "$$new cannot make virtual environments here: install its venv package (on Debian: apt-get install python3-venv) and run make again." >&2; exit 1; }; \
	$$whole -m venv $(VENV) && touch $@
