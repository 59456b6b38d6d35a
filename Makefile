# Short forms of the project's commands; `make help` lists them. `python3 -m desk --help` tells more.
PYTHON ?= python3
BACKEND := .venv/bin/python
BOT := .venv-bot/bin/python
DATA ?= ../shared/benchmarks/banking77

.DEFAULT_GOAL := help
.PHONY: help setup run test train bench soak bench-nlu evaluate lint format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the two Python environments, or refresh what is stale
	@$(PYTHON) -m desk setup

run: ## from a fresh clone to a running desk on http://127.0.0.1:8080 (LECTERN_PORT); Ctrl-C stops it
	@$(PYTHON) -m desk run

test: ## set up what is missing and run every test (ARGS="-k refund" for some)
	@$(PYTHON) -m desk test $(ARGS)

train: ## train the model if what it is made from has changed
	@$(PYTHON) -m desk train

bench: ## measure turns under load, start-up and memory
	@$(PYTHON) -m desk setup --tests
	@$(PYTHON) -m desk train
	$(BACKEND) -m tests.benchmarks $(ARGS)

soak: ## play random people against the desk for ten minutes and check what must always hold
	@$(PYTHON) -m desk setup --tests
	@$(PYTHON) -m desk train
	$(BACKEND) -m tests.soak $(ARGS)

bench-nlu: ## measure understanding on somebody else's questions (DATA=folder with train.csv and test.csv)
	@$(PYTHON) -m desk setup
	$(BOT) -m bot.bench_nlu --data $(DATA) $(ARGS)

evaluate: ## measure understanding on the project's own questions, by cross-validation
	@$(PYTHON) -m desk setup
	$(BOT) -m bot.evaluate $(ARGS)

lint: ## check style, the articles and the scripts
	@$(PYTHON) -m desk setup --tests
	@status=0; \
	$(BACKEND) -m ruff check . || status=1; \
	$(BACKEND) -m ruff format --check . || status=1; \
	$(BACKEND) -m knowledge.check --all-sources || status=1; \
	if command -v node >/dev/null 2>&1; then for file in $$(git ls-files '*.js'); do \
		node --input-type=module --check < "$$file" || { echo "$$file does not parse"; status=1; }; \
	done; fi; \
	exit $$status

format: ## put the Python files into the project's form
	@$(PYTHON) -m desk setup --tests
	$(BACKEND) -m ruff check --fix-only --quiet .
	$(BACKEND) -m ruff format .

lock: ## compile the lock files from requirements*.in (needs uv)
	@$(PYTHON) -m desk lock

clean: ## remove the environments, the models, the state and the results
	@$(PYTHON) -m desk clean
