# Every command makes its own environment: Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEMO := .venv-demo
JOBS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test battery coverage check bench lock format clean

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

test: setup
	$(BIN)/python tools/with_keycloak.py $(BIN)/python -m pytest -n $(JOBS) -rs -p tests.battery.tally

# What a hostile world does to a run, counted by the rows of tests/battery/rows.yaml.
battery: setup
	$(BIN)/python tools/with_keycloak.py $(BIN)/python -m pytest -n $(JOBS) -m battery -p tests.battery.tally -q

# Branches of plans/ and provisioners/ that the tests go through in their own process; ends in an error below 95 %.
coverage: setup
	$(BIN)/python tools/with_keycloak.py $(BIN)/python -m coverage run -m pytest -q --ignore=tests/bench --ignore=tests/faults --ignore=tests/battery
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
	$(BIN)/uv pip compile pyproject.toml --group dev --extra keycloak --extra sandbox --universal --generate-hashes --python-version 3.11 --no-annotate --upgrade --custom-compile-command "make lock" -o requirements/dev.txt
	echo 'hatchling>=1.27' | $(BIN)/uv pip compile pyproject.toml - --extra keycloak --extra sandbox --universal --generate-hashes --python-version 3.11 --no-annotate --upgrade --custom-compile-command "make lock" -o requirements/demo.txt

clean:
	rm -rf $(VENV) $(DEMO) .cache .mypy_cache .ruff_cache .pytest_cache
