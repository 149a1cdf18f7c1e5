# Every target prepares .venv by itself; only python3 >= 3.11 and make have to be there.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := signing archive ingest retention cli

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-full acceptance lint tamper forger bucket media-table names crash faults media-hostile hostile folders corpus bench lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## make .venv from the lock file (fast when nothing changed)
	@$(PYTHON) .ci/bootstrap.py

demo: setup ## seal, fetch, verify and tamper with about sixty demo records, film among them
	@$(BIN)/python tests/support/demo.py

test: setup ## every test that needs no tool from outside
	@$(BIN)/python -m pytest -n 4 --dist worksteal -q

test-full: setup ## all tests; as root installs missing tools; fails if one was not run
	@.ci/tools || true
	@CUNZHENG_FULL=1 $(BIN)/python -m pytest -n 4 --dist worksteal -q --durations=25

acceptance: setup ## the heavy tests in the sizes that were promised: every kill point, 20,000 records …
	@.ci/tools || true
	@CUNZHENG_FULL=1 CUNZHENG_ACCEPTANCE=1 $(BIN)/python -m pytest -n 2 -q --durations=25 tests/crash \
		tests/contract/test_reconcile_ceph.py tests/contract/test_suites_on_postgresql.py \
		tests/unit/test_documents_pdf.py tests/outside/test_hostile_media.py \
		tests/cli/test_cli_media_hostile.py tests/cli/test_hostile_table.py tests/cli/test_names_table.py

lint: setup ## style, types, import rules, content of the wheel
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(PACKAGES) .ci
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python .ci/check_wheel.py

tamper: setup ## print the tamper table: what was done, what verify says
	@$(BIN)/python tests/support/tamper_table.py

forger: setup ## print the forger's table: what people with the store, database or keys can fake
	@$(BIN)/python tests/support/forger_table.py

bucket: setup ## print the bucket table: what an administrator of the storage does, what verify says
	@$(BIN)/python tests/support/bucket_table.py

media-table: setup ## print the media table: what was done to films, sound and photos, which checks notice
	@PYTHONPATH=.:tests/support $(BIN)/python tests/support/media_table.py

names: setup ## print the name table: hostile names of files, from the drop to the copy
	@PYTHONPATH=. $(BIN)/python tests/support/name_table.py

crash: setup ## print the crash table: kill -9 at every durable step and at random moments
	@$(BIN)/python tests/support/crash_table.py

faults: setup ## print what goes wrong between the archive and its buckets, and what comes of it
	@PYTHONPATH=.:tests/support $(BIN)/python tests/support/bucket_faults.py

media-hostile: setup ## print what becomes of media made to harm: time, memory, verdict
	@PYTHONPATH=. $(BIN)/python tests/support/hostile_media_table.py

folders: setup ## print what becomes of 10,000 files however they come, and whoever watches
	@PYTHONPATH=.:tests/support $(BIN)/python tests/support/folder_table.py

hostile: setup ## print what becomes of drops made to harm in a real inbox: outcome, time, memory
	@PYTHONPATH=.:tests/support $(BIN)/python tests/support/hostile_table.py

corpus: setup ## print what is found out about 300 generated documents, and every miss
	@PYTHONPATH=.:tests/support $(BIN)/python tests/support/corpus.py

bench: setup ## measure speed and memory beside cp and bagit
	@$(BIN)/python bench/run.py

lock: setup ## refresh the lock files (LOCK_FLAGS=--upgrade for newer versions)
	@$(BIN)/python -m pip install --quiet --group lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --no-emit-index-url $(LOCK_FLAGS) \
		pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --no-emit-index-url $(LOCK_FLAGS) \
		--group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what these targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-archive
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
