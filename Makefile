# The commands that the README, CONTRIBUTING and CI use. Python 3.11 and make are
# all that has to be there; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
# In the mode of the settings, editors and type checkers find an editable package.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt --config-settings editable_mode=compat

.PHONY: install demo course calibration defaults m4 large ett networks pretrain
.PHONY: pretrained-table bench peers test fuzz mutants lint test-oldest test-newest
.PHONY: test-neighbours docs check-docs check-links clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable ".[plotting,test]"
	@touch $@

.venv/installed-docs: .venv/installed
	$(INSTALL) --editable ".[docs]"
	@touch $@

demo: install
	$(BIN)/python examples/demo.py

course: install
	$(BIN)/python examples/course_table.py

calibration: install
	$(BIN)/python examples/calibration_table.py --json examples/output/calibration.json

# What networks do without arguments, on series of packages and beside statsforecast.
defaults: .venv-series/installed
	.venv-series/bin/python examples/defaults.py --jobs 2

.venv-series/installed: pyproject.toml
	$(PYTHON) -m venv .venv-series
	.venv-series/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[fetch,series]" torch==2.13.0
	@touch $@

# The weights of PretrainedForecaster; goes on where it was stopped.
pretrain: install
	OMP_NUM_THREADS=1 $(BIN)/python examples/pretraining/train.py

pretrained-table: .venv-series/installed
	.venv-series/bin/python examples/pretraining/evaluate.py

m4: install
	$(BIN)/python examples/m4_hourly.py --seeds 3

# From frames to forecasts on disk: 100,000 series as in the M4.
large: install
	$(BIN)/python examples/m4_large.py

ett: install
	$(BIN)/python examples/ett.py --seeds 3

# Networks beside the numbers of their papers.
networks: install
	$(BIN)/python examples/published_networks.py
	$(BIN)/python examples/m4_hourly.py --papers --seeds 3

# Of what peers could not be installed for, the table says so.
bench: install
	-$(MAKE) peers
	$(BIN)/python examples/benchmarks/run.py --json examples/output/benchmarks.json

peers: .venv-peers/installed

.venv-peers/installed: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[peers]" torch==2.13.0
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# A worker that has nothing left takes tests from the other; files stay together.
test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

# With the oldest and the newest versions that pyproject.toml allows, in environments of
# their own: several GB each, torch is the CUDA build. What pyright finds depends on the
# annotations of the packages, so it has a say in `make test` only.
test-oldest: .venv-oldest/installed
	.venv-oldest/bin/python -m pytest -n 2 --ignore tests/test_types.py

.venv-oldest/installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints-oldest.txt --editable ".[plotting,test]"
	@touch $@

test-newest: pyproject.toml
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check \
		--upgrade --upgrade-strategy eager --editable ".[plotting,test]"
	.venv-newest/bin/python -m pytest -n 2 --ignore tests/test_types.py

# With the packages of docs/works_with.rst; in the other environments these are skipped.
test-neighbours: .venv-neighbours/installed
	.venv-neighbours/bin/python -m pytest tests/neighbours tests/docs

.venv-neighbours/installed: pyproject.toml
	$(PYTHON) -m venv .venv-neighbours
	.venv-neighbours/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable ".[neighbours,test]" torch==2.13.0
	@touch $@

# Goes on where it was stopped; see CONTRIBUTING.md.
mutants: install
	OMP_NUM_THREADS=1 nice -n 15 $(BIN)/python tests/mutants.py

# Twenty times as many random examples as in the tests, and others every time.
fuzz: install
	$(BIN)/python -m pytest -n 2 --hypothesis-profile=fuzz tests/adversarial/test_properties_*.py

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -E -b html docs docs/_build/html

# The built pages in a browser; needs Chromium, e.g. Debian's package of that name.
check-docs: docs
	$(INSTALL) --editable ".[browser]"
	BUILT_PAGES=docs/_build/html $(BIN)/python -m pytest tests/docs

# Links to other sites; needs a network.
check-links: .venv/installed-docs
	$(BIN)/python -m sphinx -D sphinx_gallery_conf.plot_gallery=0 -b linkcheck docs docs/_build/links

clean:
	rm -rf .venv .venv-peers .venv-series .venv-oldest .venv-newest .venv-neighbours
	rm -rf .hypothesis build
	rm -rf docs/_build docs/api docs/auto_examples docs/course examples/output
