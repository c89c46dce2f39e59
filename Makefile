# Every command makes its own environment: Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEMO := .venv-demo
APART := .venv-schemathesis
JOBS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# Tests run beside the real servers that can be had; SCHEMATHESIS is empty where its environment could not be made.
BESIDE = SCHEMATHESIS="$${SCHEMATHESIS:-$$(test ! -e $(APART)/.ready || echo "$(CURDIR)/$(APART)/bin/schemathesis")}" $(BIN)/python tools/with_keycloak.py $(BIN)/python

.PHONY: setup schemathesis demo test battery coverage check bench lock format clean

define can_make_an_environment
@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one with PYTHON=...")'
@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv module; on Debian: apt install python3-venv"; exit 1; }
endef

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	$(can_make_an_environment)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $(STAMP)

# The newcomer's first command: an environment of its own with what the demonstration needs and nothing else.
demo: $(DEMO)/.ready
	$(DEMO)/bin/oidc-provision demo

$(DEMO)/.ready: requirements/demo.txt pyproject.toml
	$(can_make_an_environment)
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --require-hashes -r requirements/demo.txt
	$(DEMO)/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

# An environment of its own: beside schemathesis pip would settle for an openapi-core that is years old.
schemathesis:
	@if [ -n "$$SCHEMATHESIS" ] || $(MAKE) --no-print-directory $(APART)/.ready; then :; \
	elif [ -n "$$OIDC_PROVISION_REQUIRE_LIVE" ]; then echo "schemathesis is required, and $(APART) could not be made"; exit 1; \
	else rm -rf $(APART); echo "SKIPPED: tests by schemathesis, because $(APART) could not be made"; fi

$(APART)/.ready: requirements/schemathesis.txt
	$(can_make_an_environment)
	$(PYTHON) -m venv $(APART)
	$(APART)/bin/python -m pip install --quiet --require-hashes -r requirements/schemathesis.txt
	@touch $@

test: setup schemathesis
	$(BESIDE) -m pytest -n $(JOBS) -rs -p tests.battery.tally

# What a hostile world does to a run, counted by the rows of tests/battery/rows.yaml.
battery: setup
	$(BESIDE) -m pytest -n $(JOBS) -m battery -p tests.battery.tally -q

# Branches of plans/ and provisioners/ that the tests go through in their own process; ends in an error below 95 %.
coverage: setup schemathesis
	$(BESIDE) -m coverage run -m pytest -q --ignore=tests/bench --ignore=tests/faults --ignore=tests/battery
	$(BIN)/python -m coverage report

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: setup
	$(BIN)/python tools/with_keycloak.py $(BIN)/python -m tests.bench

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup
	$(BIN)/uv pip compile pyproject.toml --group dev --extra keycloak --extra entra --extra sandbox --universal --generate-hashes --python-version 3.11 --no-annotate --upgrade --custom-compile-command "make lock" -o requirements/dev.txt
	echo 'hatchling>=1.27' | $(BIN)/uv pip compile pyproject.toml - --extra keycloak --extra sandbox --universal --generate-hashes --python-version 3.11 --no-annotate --upgrade --custom-compile-command "make lock" -o requirements/demo.txt
	echo 'schemathesis>=4.32,<5' | $(BIN)/uv pip compile - --universal --generate-hashes --python-version 3.11 --no-annotate --upgrade --custom-compile-command "make lock" -o requirements/schemathesis.txt
	cd tests/entra/javascript && npm update --package-lock-only --ignore-scripts

clean:
	rm -rf $(VENV) $(DEMO) $(APART) .cache .mypy_cache .ruff_cache .pytest_cache
