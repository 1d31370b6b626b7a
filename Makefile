# `make run`, `make demo` and `make test` work on a fresh clone; what is made once is remembered by stamps.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
SOURCES_C := $(shell find switch codecs -name '*.[ch]')

# Arguments for the programs: make run ARGS='--sip 192.0.2.1:5060', make test PYTEST_ARGS='tests/sip -x'
ARGS ?=
PYTEST_ARGS ?=
# PACKAGES=ignore goes on without the Debian packages; the tests that need them are then skipped.
export PACKAGES PYTHON

.PHONY: help run demo test check bench fuzz soak mutants install clean
.DELETE_ON_ERROR:

help:
	@echo 'make run      start the example centre; ARGS are those of `softswitch run`'
	@echo 'make demo     the same, with phones that call and agents that answer'
	@echo 'make test     every test; PYTEST_ARGS go to pytest'
	@echo 'make check    ruff, format, mypy, then every test (the C tests are among them)'
	@echo 'make bench    CPU per call, packet and decision'
	@echo 'make fuzz     the fuzzers for longer; EXAMPLES says how long, SEED replays'
	@echo 'make soak     the simulations and twins for hours in place of seconds'
	@echo 'make mutants  break important lines one at a time; each must fail its test'
	@echo 'make clean    remove what was made'

run: $(STAMPS)/run
	@$(BIN)/softswitch run $(ARGS)

demo: $(STAMPS)/demo
	@$(BIN)/softswitch demo $(ARGS)

# Two files at a time, in two halves: real phones must keep the beat of speech, and mostly wait, so they do not
# run beside the tests that take all of a processor. A machine that stalls for a moment makes a phone stutter: a test
# that failed in comparing audio, and for nothing else, is run once more, and the summary says so. With PYTEST_ARGS there is one run, of what they name.
PYTEST = $(BIN)/python -m pytest
STUTTER = AssertionError: .*(does not contain|was not heard in)
ifeq ($(strip $(PYTEST_ARGS)),)
TESTS = status=0; \
	$(PYTEST) --numprocesses 2 --dist loadfile --ignore tests/interop || status=1; \
	$(PYTEST) --numprocesses 2 --dist loadfile --reruns 1 --only-rerun '$(STUTTER)' -rR tests/interop || status=1; \
	exit $$status
else
TESTS = $(PYTEST) $(PYTEST_ARGS)
endif

test: $(STAMPS)/test
	@$(TESTS)

check: $(STAMPS)/test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(TESTS)

# Every module of benchmarks/ is a command; ONE=relay runs one of them.
BENCHMARKS := $(filter-out __init__ _%,$(basename $(notdir $(wildcard benchmarks/*.py))))
ONE ?= $(BENCHMARKS)

bench: $(STAMPS)/test
	@set -e; for name in $(ONE); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(ARGS); done

EXAMPLES ?= 20000
SEED ?= $(shell date +%s)

fuzz: $(STAMPS)/test
	@echo 'replay with: make fuzz EXAMPLES=$(EXAMPLES) SEED=$(SEED)'
	@SOFTSWITCH_FUZZ_EXAMPLES=$(EXAMPLES) SOFTSWITCH_FUZZ_SEED=$(SEED) \
		SIP_FUZZ_ITERATIONS=$(EXAMPLES) SIP_FUZZ_SEED=$(SEED) \
		$(BIN)/python -m pytest --timeout 0 --hypothesis-seed=$(SEED) tests/fuzz $(PYTEST_ARGS)

# The tests that read SOAK run longer; the others of these rooms run as they are.
SOAKED := tests/codecs tests/twins tests/acd tests/wfm tests/sim tests/engine tests/interop

soak: $(STAMPS)/test
	@SOAK=1 $(BIN)/python -m pytest --timeout 0 $(SOAKED) $(PYTEST_ARGS)

mutants: $(STAMPS)/test
	@$(BIN)/python -m tests.mutants $(ARGS)

install: $(STAMPS)/run

# The environment itself. setuptools stands in it so that a change of C is compiled without the network.
$(STAMPS)/venv:
	@deploy/packages run
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed; name one: make PYTHON=python3.11' >&2; exit 1; }
	@echo 'making the Python environment in $(VENV)' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade pip 'setuptools>=77' wheel
	@mkdir -p $(STAMPS) && touch $@

# Installed editable, so that Python needs no step after a change and C is compiled into the tree. The
# larger installations contain the smaller, so that C is compiled once for all of them.
INSTALL := $(PIP) install --no-build-isolation --editable

$(STAMPS)/run: $(STAMPS)/venv pyproject.toml $(SOURCES_C)
	@echo 'installing softswitch and compiling its C' >&2
	@$(INSTALL) .
	@touch $@

$(STAMPS)/demo: $(STAMPS)/venv pyproject.toml $(SOURCES_C)
	@echo 'installing softswitch and the phones of the demo, and compiling the C' >&2
	@$(INSTALL) '.[phones]'
	@touch $(STAMPS)/run $@

$(STAMPS)/test: $(STAMPS)/venv pyproject.toml $(SOURCES_C) deploy/packages $(wildcard tests/interop/browser/*)
	@deploy/packages test
	@echo 'installing softswitch and what its tests need, and compiling the C' >&2
	@$(INSTALL) '.[dev,phones,postgresql]'
	@deploy/browser-page $(VENV)/browser
	@touch $(STAMPS)/run $(STAMPS)/demo $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find switch tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	find switch -name '*.so' -delete
