# make quickstart: the whole job on the embedded model and data.   make codellama: the same on Code Alpaca, on a GPU.
# make test: everything CI checks.   make test-full: the campaigns too, which are too long for every run.
PYTHON ?= python3
BIN := .venv/bin

export PYTHONDONTWRITEBYTECODE =  # each of the scripts that tests start would compile all modules anew

.PHONY: quickstart codellama test test-full check clean

quickstart: SETTINGS = --config configs/quickstart.yaml
quickstart: BASE = smollm2-135m
quickstart: CHECKPOINTS = checkpoints/quickstart
codellama: SETTINGS = --set model.base_model=$(BASE) --set evaluation.num_samples=0
codellama: BASE = codellama/CodeLlama-7b-hf
codellama: CHECKPOINTS = checkpoints

# compare_results.py evaluates the models too: evaluate.py would only load them once more
quickstart codellama: .venv/installed
	$(BIN)/python download_data.py $(SETTINGS)
	$(BIN)/python train_lora.py $(SETTINGS) --resume
	$(BIN)/python train_qlora.py $(SETTINGS) --resume
	$(BIN)/python compare_results.py $(SETTINGS) --before_model $(BASE) --after_model $(CHECKPOINTS)/lora/final \
	    --output_dir reports/$@ --name lora
	$(BIN)/python compare_results.py $(SETTINGS) --before_model $(BASE) --after_model $(CHECKPOINTS)/qlora/final \
	    --output_dir reports/$@ --name qlora

test: check
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=25

test-full: check
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "" --cov --cov-report=term --durations=25
	$(BIN)/python -m tests.goldens

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/installed: requirements.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing 150 packages into .venv, once: some minutes, 2 GB and more with CUDA"
	$(BIN)/python -m pip install --disable-pip-version-check --no-compile -r requirements.txt
	-$(BIN)/python -m compileall -q -j 0 -x py312_intrinsics .venv/lib  # on all cores, where pip uses one; that file needs 3.12
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .coverage
