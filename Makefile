# Everything a person runs. `make demo` and `make test` work on a fresh machine with Python 3.11, 3.12 or 3.13, git and make.
.DEFAULT_GOAL := help
.PHONY: help setup demo test unit lint format soak bench train lock schemas audit sbom clean

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
MACHINE := $(shell uname -sm)
MACHINES := Linux x86_64,Darwin arm64
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# each worker of the tests has its own Kafka and Valkey (some 600 MB) and takes whole modules, the longest kinds first
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() or 1))')
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
TESTS := tests/e2e tests/faults tests/integration tests/contract tests/unit

help:  ## Show this.
	@sed -n 's/^\([a-z]*\):.*##/\1	/p' $(MAKEFILE_LIST)

setup: .venv/ready  ## Make .venv with the locked dependencies and fetch Kafka's jars.

.venv/ready: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Vigie needs Python 3.11, 3.12 or 3.13. Install one, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { echo "Vigie needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is another: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@case ",$(MACHINES),ANY," in *",$(MACHINE),"*|*",$(ANY_MACHINE),"*) ;; *) echo "Not every dependency has a build for this machine ($(MACHINE)), but for: $(MACHINES). With a C compiler try make ANY_MACHINE=ANY" >&2; exit 1;; esac
	@echo "Setting up .venv with $(PYTHON); the first time takes a minute or two..."
	@$(PYTHON) -m venv .venv || { echo "This Python makes no virtual environments: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .uv.txt
	@UV_LINK_MODE=copy $(BIN)/uv sync --frozen --quiet --python $(BIN)/python
	@$(BIN)/vigie doctor
	@touch .venv/ready

demo: setup  ## Run a small Belgian network, from pictures to alerts, for about two minutes.
	@$(BIN)/vigie demo $(ARGS)

test: setup lint  ## Check everything, on real Kafka and Valkey.
	@$(PYTEST) $(PARALLEL) $(or $(ARGS),$(TESTS))

unit: setup  ## Check what needs no servers (seconds).
	@$(PYTEST) tests/unit tests/contract $(ARGS)

lint: setup  ## Check style and types.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Run make format" >&2; exit 1; }
	@$(BIN)/mypy

format: setup  ## Put the code into its canonical form.
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

soak: setup  ## Do every fault to the whole road for an hour, and watch what grows.
	@$(BIN)/python -m tests.faults --seconds 3600 --rate 300 $(ARGS)

bench: setup  ## Measure speed and accuracy beside peers; results are appended to benchmarks/results.
	@for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/uv run --frozen --group bench --python $(BIN)/python python $$bench || exit 1; done

train: setup  ## Train both networks anew from drawn plates alone (two cores, under two hours).
	@$(BIN)/uv run --frozen --group training --python $(BIN)/python python -m pipeline.vision.training.train --fetch --fonts .vigie/fonts --out pipeline/vision/models/reader.onnx
	@$(BIN)/uv run --frozen --group training --python $(BIN)/python python -m pipeline.vision.training.train_verifier --fonts .vigie/fonts --out pipeline/vision/models/verifier.onnx

lock: setup  ## Resolve the dependencies anew: Python's and Kafka's.
	@$(BIN)/uv lock --upgrade
	@$(BIN)/python -m pipeline.servers.carried > .uv.txt
	@$(BIN)/python -m pipeline.servers.kafka_jars

schemas: setup  ## Write the JSON Schemas anew.
	@$(BIN)/python -m schemas.export

audit: setup  ## Look for known faults in what is carried: a dated list, and PyPI's advisories where it answers.
	@$(BIN)/python -m pipeline.servers.audit_parts $(ARGS)

sbom: setup  ## Write the bill of materials of a release, CycloneDX, to dist/vigie.cdx.json.
	@mkdir -p dist && $(BIN)/python -m pipeline.servers.bill_of_materials > dist/vigie.cdx.json && echo dist/vigie.cdx.json

clean:  ## Remove what was made here. Data in VIGIE_DATA_DIR stays.
	rm -rf .venv .vigie .pytest_cache .mypy_cache .ruff_cache .hypothesis
