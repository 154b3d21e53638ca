# The list of commands. README, hooks and CI call these; `make help` prints them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export NEXTWISE_DATA ?= .data
# numpy's threads fight with the test processes for the cores
TESTENV := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help run test check format bench bench-accuracy bench-coverage bench-fit bench-recommend bench-serve bench-ingest bench-capacity chaos soak notebooks screenshots messages constraints clean

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## set up, train on a simulated school if there is no data, serve on http://localhost:8000
	@$(BIN)/nextwise demo
	@$(BIN)/nextwise serve

test: $(VENV)/.dev ## set up and run all tests
	@echo "compiling once (a minute, seconds from then on), not in every server that the tests start"
	@$(BIN)/python -c "from service.serving import warm_up; warm_up()"
	$(TESTENV) $(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/.dev ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-accuracy bench-coverage bench-fit bench-recommend bench-reports bench-serve bench-ingest ## measure everything

bench-accuracy: $(VENV)/.dev ## accuracy and fit time on the real sets (skipped where they are absent)
	$(BIN)/python -m tests.bench.accuracy
	$(BIN)/python -m tests.bench.growth

bench-coverage: $(VENV)/.dev ## how often intervals of the parameters hold the truth, on simulated skills
	$(BIN)/python -m tests.bench.coverage

bench-fit: $(VENV)/.dev ## fits beside pyBKT, its C++ kernel built once where there is a compiler: speed, optimum, scale
	$(BIN)/python -m tests.bench.fit

bench-recommend: $(VENV)/.dev ## policies on simulated students, beside an omniscient planner and exact optima
	$(BIN)/python -m tests.bench.recommend

bench-reports: $(VENV)/.dev ## pages: time stale and warm, weight, layout shift, on a school of 1,000 students
	$(BIN)/python -m tests.bench.reports

bench-serve: $(VENV)/.dev ## fold, requests per second beside a bare endpoint, start-up and memory
	$(BIN)/python -m tests.bench.serve

bench-ingest: $(VENV)/.dev ## batches of 1,000 responses on both stores: responses per second, CPU of each
	$(BIN)/python -m tests.bench.ingest

bench-capacity: $(VENV)/.dev ## bytes of students and responses, CPU of requests: what `nextwise plan` reckons with
	$(BIN)/python -m tests.bench.capacity

chaos: $(VENV)/.dev ## break the service for SECONDS=180 and see whether anything is lost, doubled or different
	$(BIN)/python -m tests.chaos --seconds $(or $(SECONDS),180)

soak: $(VENV)/.dev ## MINUTES=30 of load at 70 % of capacity: memory, errors, latency of the last minute
	$(BIN)/python -m tests.chaos.soak --minutes $(or $(MINUTES),30)

notebooks: $(VENV)/.dev ## run the notebooks on simulated data
	$(TESTENV) $(BIN)/python -m pytest -q tests/notebooks

screenshots: $(VENV)/.dev ## take the pictures in docs/images again (needs chromium)
	$(BIN)/python -m tests.service.reports.screenshots

messages: $(VENV)/.dev ## bring the catalogues of service/locale up to date with what the pages say; NEW=fr begins one
	$(BIN)/python -m tests.messages $(NEW)

constraints: $(VENV)/.dev ## write down the versions that are installed now
	@{ echo "# Exact versions that were tested together; pyproject.toml has the ranges. Made by \`make constraints\`."; \
	  $(PIP) freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+=='; } > constraints.txt

clean: ## remove the environment and caches (never the data folder)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nextwise needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "This Python has no venv module; on Debian: apt install python3-venv"; exit 1; }

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what nextwise needs (a few minutes the first time) ..."
	@$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what nextwise and its tests need (a few minutes the first time) ..."
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.run $@
