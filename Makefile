# In a fresh clone, `make run` gives a leaderboard and `make test` runs the tests. The set-up is done once.
PYTHON ?= python3
VENV ?= .venv
OUT ?= runs
SEEDS ?= 1
# At the same time, each in a process of its own; a GPU computes one after the other, in one process.
CELLS ?= $(if $(wildcard /dev/nvidiactl /dev/dxg),1,2)
JOBS ?= 2
CONSTRAINTS ?= constraints.txt
TUNING := leaderboard/records/css/tuning

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test
INSTALLED_LINT := $(VENV)/.installed-lint
INSTALLED_DOCS := $(VENV)/.installed-docs

.PHONY: run rows test faults lint structure tune tune-fashioniq leaderboard leaderboard-fashioniq docs reference notebook screenshots

run: $(INSTALLED)
	$(BIN)/cir-bench run --all --seeds $(SEEDS) $(if $(filter-out 1,$(CELLS)),--max-cells $(CELLS)) --out $(OUT) $(if $(TUNED),--tuned $(TUNED))

# Bytecode is kept, whatever the environment says: without it, each of the JOBS processes rewrites every test module, and
# whatever a test starts compiles cir-bench.
test: $(INSTALLED_TEST)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

# Kills at every file operation, flipped bits and mutated files, some 2,000 cases; the table at the end says how they
# were survived. `make test` tries one case of each kind.
faults: $(INSTALLED_TEST)
	CIR_BENCH_FAULTS=1 PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist load tests/faults

# The pages of docs/ as a site in .cir-bench/site, with the committed leaderboards on its first page and the report of their
# records; a broken link is an error. The workflow `pages` publishes it.
docs: $(INSTALLED_DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# docs/reference, from the code (the command line and the snapshot of the public API), and the picture of the
# leaderboard. Look at the diff.
reference: $(INSTALLED)
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/picture.py

# docs/notebook.ipynb, with what it shows.
notebook: $(INSTALLED_TEST)
	$(BIN)/python docs/execute.py

# docs/images: the page of `cir-bench serve`, with css's scenes and two methods. Needs Chromium. Look at the pictures.
screenshots: OUT = .cir-bench/screenshots
screenshots: $(INSTALLED_TEST)
	$(BIN)/cir-bench run -m tirg -m sadn -b css --out $(OUT)
	$(BIN)/cir-bench index --from $(OUT)/cells/css/test@1/controlled/tiny/sadn --out $(OUT)/sadn.index
	$(BIN)/cir-bench index $(OUT)/sadn.index/photos --from $(OUT)/cells/css/test@1/controlled/tiny/tirg --out $(OUT)/tirg.index
	$(BIN)/python docs/screenshots.py $(OUT)/sadn.index $(OUT)/tirg.index

lint: $(INSTALLED_LINT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Who imports whom, cycles, and what is too long.
structure:
	$(PYTHON) docs/structure.py

# The choices behind the rows of the embedded benchmark, one budget for every method that learns from triplets; hours. Then
# copy the values into the methods' `controlled`.
TUNED_METHODS := artemis clvcnet combiner concat film relationship sadn tgcir tirg val
tune: OUT = .cir-bench/leaderboard
tune: $(INSTALLED_TEST)
	$(BIN)/cir-bench tune $(TUNED_METHODS:%=-m %) -b css --trials 12 --set training.epochs=6 --out $(OUT)
	$(BIN)/cir-bench tune -m rerank -b css --trials 12 --set training.epochs=4 --set second.epochs=2 --out $(OUT)
	rm -rf $(TUNING) && mkdir -p $(TUNING)
	cd $(OUT)/tuning && find . -name tuning.json -exec cp --parents {} $(CURDIR)/$(TUNING) ';'

# What else is on the leaderboard of the embedded benchmark: queries that the encoder reads together, and weights that are
# evaluated as published ones are.
rows: run
	$(BIN)/cir-bench run -m joint -m sum -m tirg -e tiny-joint --seeds $(SEEDS) --out $(OUT)
	$(BIN)/cir-bench run -m pic2word --weights leaderboard/weights/pic2word.safetensors --out $(OUT)

# The files committed under leaderboard/: the records of the embedded benchmark, and the leaderboard made from them.
leaderboard: OUT = .cir-bench/leaderboard
leaderboard: SEEDS = 3
leaderboard: TUNED = $(TUNING)
leaderboard: rows
	rm -rf $(OUT)/chosen && cp -r $(TUNING) $(OUT)/chosen
	rm -rf leaderboard/records/css
	$(BIN)/cir-bench leaderboard --records $(OUT)/cells/css --records $(OUT)/chosen --pack leaderboard/records/css --out leaderboard/LEADERBOARD.md

# Both for FashionIQ without pixels. DATA is a --data-root with the folders fashioniq/ and image_captions/.
FASHIONIQ_TUNED := combiner concat sadn tgcir tirg
FASHIONIQ_OTHERS := image-only sum text-only
FASHIONIQ_TUNING := leaderboard/records/fashioniq/tuning
ON_FASHIONIQ = -b fashioniq/original -e captions --data-root $(DATA) --out $(OUT)
tune-fashioniq: OUT = .cir-bench/fashioniq
tune-fashioniq: $(INSTALLED_TEST)
	$(if $(DATA),,$(error name the folder of the data: make tune-fashioniq DATA=DIR))
	$(BIN)/cir-bench tune $(FASHIONIQ_TUNED:%=-m %) --trials 12 --set training.epochs=5 $(ON_FASHIONIQ)
	rm -rf $(FASHIONIQ_TUNING) && mkdir -p $(FASHIONIQ_TUNING)
	cd $(OUT)/tuning && find . -name tuning.json -exec cp --parents {} $(CURDIR)/$(FASHIONIQ_TUNING) ';'

leaderboard-fashioniq: OUT = .cir-bench/fashioniq
leaderboard-fashioniq: $(INSTALLED)
	$(if $(DATA),,$(error name the folder of the data: make leaderboard-fashioniq DATA=DIR))
	$(BIN)/cir-bench run $(FASHIONIQ_TUNED:%=-m %) $(FASHIONIQ_OTHERS:%=-m %) --seeds 3 --tuned $(FASHIONIQ_TUNING) $(ON_FASHIONIQ)
	rm -rf $(OUT)/chosen && cp -r $(FASHIONIQ_TUNING) $(OUT)/chosen
	rm -rf leaderboard/records/fashioniq
	$(BIN)/cir-bench leaderboard --records $(OUT)/cells/fashioniq --records $(OUT)/chosen --pack leaderboard/records/fashioniq --out leaderboard/FASHIONIQ.md

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("cir-bench needs Python 3.10 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml setup.py $(CONSTRAINTS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -c $(CONSTRAINTS) -e ".[captions,serve]"
	touch $@

$(INSTALLED_TEST): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check -c $(CONSTRAINTS) -e ".[test]"
	touch $@

$(INSTALLED_LINT): $(INSTALLED_TEST) # mypy reads the types of pytest, too
	$(BIN)/python -m pip install --disable-pip-version-check -c $(CONSTRAINTS) -e ".[lint]"
	touch $@

$(INSTALLED_DOCS): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check -c $(CONSTRAINTS) -e ".[docs]"
	touch $@
