# The commands that the README, CONTRIBUTING and CI use. Python 3.11 and make are
# all that has to be there; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo course test lint docs clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[plotting,test]"
	@touch $@

.venv/installed-docs: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	@touch $@

demo: install
	$(BIN)/python examples/demo.py

course: install
	$(BIN)/python examples/course_table.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint
	$(BIN)/python -m pytest -n 2

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -E -b html docs docs/_build/html

clean:
	rm -rf .venv build docs/_build docs/api docs/auto_examples examples/output
