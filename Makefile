# Two commands set the project up: `make demo` shows it at work, `make test` holds it to its word. Each creates its own
# virtual environment in ./.venv where none exists (another place: `make test VENV=/some/where`), as an ordinary user,
# with no network beyond the package index.

VENV   ?= .venv
PYTHON ?= python3
JOBS   ?= 2
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.journeyman-installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint surface clean

help:
	@echo "make demo     optimize five tasks and a simulator, distill two pairs, foresee a lake; no key, no GPU, 5 minutes"
	@echo "make test     ruff, mypy --strict, the layer contracts, then every test"
	@echo "make lint     only the first three"
	@echo "make surface  rewrite tests/surface.txt after a deliberate change of the public names"
	@echo "make clean    remove caches and built packages (not the environment, not your runs)"

demo: $(STAMP)
	@echo "make demo: optimizing five built-in tasks and examples/my_simulator, distilling two small pairs, foreseeing a lake (about 4 minutes)"
	@$(BIN)/journeyman demo

test: $(STAMP)
	@echo "make test: ruff, mypy --strict, import-linter, then pytest on $(JOBS) processes (up to 20 minutes)"
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(STAMP)
	@echo "make lint: ruff, mypy --strict over src, the layers of the package"
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

surface: $(STAMP)
	@echo "make surface: writing the public names and signatures to tests/surface.txt"
	@$(BIN)/python tests/test_surface.py > tests/surface.txt

clean:
	@echo "make clean: removing caches and built packages"
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

# One environment serves every target. The stamp is older than pyproject.toml or constraints.txt after either changed,
# and then the same environment is brought up to date.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or newer, or say PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $$($(PYTHON) -V) is too old; say PYTHON=/path/to/python3.11 or newer" >&2; exit 1; }
	@echo "make: installing journeyman and what it needs into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
