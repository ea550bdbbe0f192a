# Each target is a thin call of a program in shop/local/, which is where the work is described.
SHELL := /bin/sh
PYTHON := .venv/bin/python
BOOTSTRAP := sh shop/local/bootstrap.sh
LOCK := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header

.DEFAULT_GOAL := help
.PHONY: help run reset demo token shell manage test test-fast chaos mutants fuzz bench bench-soak bench-scale load attack backoffice-scale screenshots demo-crash check fmt schema up down smoke synth verify-image lock doctor \
	deploy info update-config admin import-products logs cost pause resume destroy clean

help: ## show this list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ On this machine

run: ## a fresh shop at http://localhost:8000 (PORT=8001, RELOAD=1, any setting: REQUIRE_AUTH=true make run)
	@$(BOOTSTRAP) run
	@exec $(PYTHON) -m shop.local.run

reset: ## stop the running shop and delete its data
	@$(BOOTSTRAP) run
	@$(PYTHON) -m shop.local.reset

demo: ## add 30 days of orders to the running shop
	@$(PYTHON) -m shop.local.within manage.py make_demo_orders --days 30

token: ## print a customer's access token; AS=admin for the administrator's
	@$(PYTHON) -m shop.local.token --as $(if $(filter default,$(origin AS)),customer,$(AS))

shell: ## a Python shell with the running shop's data
	@$(PYTHON) -m shop.local.within manage.py shell

manage: ## a management command on the running shop: make manage c='showmigrations'
	@$(PYTHON) -m shop.local.within manage.py $(c)

##@ Tests and checks

test: ## all tests, on real servers (T=tests/unit/test_money.py for some)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m shop.local.test $(T)

test-fast: ## the unit tests: no servers, seconds
	@$(BOOTSTRAP) dev
	@exec $(PYTHON) -m shop.local.test --fast $(T)

chaos: ## the whole catalogue of faults, and its report (ONLY=power-cut, SEED=… to repeat; JOBS=2; STORM=1000)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(STORM),--storm $(STORM) $(if $(POSTS),--posts $(POSTS)),$(if $(ONLY),--only $(ONLY),--jobs $(or $(JOBS),1) --report docs/chaos-report.md))

mutants: ## put bugs into a copy of the code, one by one: do the tests see each?
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m tests.chaos.mutants

fuzz: ## requests made up from openapi.yaml, every answer judged; figures to docs/security.md (REQUESTS=100000, SEED=… to repeat)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@FUZZ_REQUESTS=$(or $(REQUESTS),100000) FUZZ_SEED=$(SEED) exec $(PYTHON) -m shop.local.test tests/fuzz -q -s

bench: ## measure the shop beside its references; writes docs/performance.md (PARTS=rounds,cold; ROUNDS=1 for a quick look)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@$(BOOTSTRAP) bench
	@exec $(PYTHON) -m tests.bench --rounds $(or $(ROUNDS),3) $(if $(PARTS),--parts $(PARTS)) --report docs/performance.md

bench-soak: ## a million requests, and each worker's memory on the way; about an hour (REQUESTS=20000)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec nice -n 15 $(PYTHON) -m tests.bench --soak $(or $(REQUESTS),1000000) --report docs/performance.md

bench-scale: ## the shop beside 1,000 and ten million orders, in turn; to docs/performance.md (ORDERS=1000000 PRODUCTS=100000)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m tests.bench.scale $(if $(ORDERS),--orders $(ORDERS)) $(if $(PRODUCTS),--products $(PRODUCTS)) --report docs/performance.md

load: ## a hundred customers at once, by locust; HTML report in .local/bench (USERS=100, SECONDS=90)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@$(BOOTSTRAP) bench
	@exec $(PYTHON) -m tests.bench --load $(or $(USERS),100) --seconds $(or $(SECONDS),90) --report docs/performance.md

attack: ## attack a shop of its own in every way we know; the outcome goes to docs/security.md
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@ATTACK_REPORT=1 exec $(PYTHON) -m shop.local.test tests/attack -q

backoffice-scale: ## the back office beside 1,000 and a million orders: queries and rows read, to docs/backoffice.md (ORDERS=10000000)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@SCALE_ORDERS=$(or $(ORDERS),1000000) SCALE_DAYS=365 SCALE_REPORT=1 exec $(PYTHON) -m shop.local.test tests/integration/backoffice/test_scale.py -q

screenshots: ## the pictures of docs/images/, all anew, from a shop that is seeded for them (needs Chromium)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m shop.local.test tests/browser/screenshots.py -q

demo-crash: ## a minute to watch: the web process is killed mid-order, and nothing is lost (RECORD=docs/demo-crash keeps it)
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@exec $(PYTHON) -m tests.chaos.demo $(if $(RECORD),--record $(RECORD))

check: ## lint, types, imports, migrations, production settings, OpenAPI schema, secrets, known vulnerabilities; make synth
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@$(PYTHON) -m shop.local.check
	@$(MAKE) --no-print-directory synth

fmt: ## format the code and mend what can be mended
	@$(BOOTSTRAP) dev
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .

schema: ## write openapi.yaml anew
	@$(BOOTSTRAP) dev
	@$(PYTHON) -m shop.local.schema

##@ In Docker

up: ## the same shop in Docker, on MySQL and DynamoDB Local
	docker compose up --build --wait

down: ## stop it (its data stay; docker compose down --volumes deletes them)
	docker compose down

##@ Anywhere

# The running shop's tokens go to that shop alone, never to another address.
smoke: ## walk the whole contract against a running shop (URL=https://…)
	@if [ -z "$(URL)" ] && [ -x $(PYTHON) ]; then \
		SMOKE_TOKEN=$$($(PYTHON) -m shop.local.token 2>/dev/null) && export SMOKE_TOKEN; \
		SMOKE_ADMIN_TOKEN=$$($(PYTHON) -m shop.local.token --as admin 2>/dev/null) && export SMOKE_ADMIN_TOKEN; \
	fi; \
	python3 tests/smoke.py "$(or $(URL),http://localhost:$(or $(PORT),8000))"

##@ On AWS (docs/deploy.md)

synth: ## make every AWS template, offline, and judge it: cdk-nag, tests, cfn-lint, types; create it on an emulator
	@$(BOOTSTRAP) dev
	@$(BOOTSTRAP) mysql
	@$(BOOTSTRAP) deploy
	@.local/deploy-venv/bin/python -m deploy.check

verify-image: ## run the images in Docker just as the production tasks are defined, a rolling restart too (after make synth)
	@$(BOOTSTRAP) dev
	docker compose build --quiet
	@exec $(PYTHON) -m tests.deployed.image

# deploy/commands/ is told which words stand on the command line (their names alone), so that none is taken from the
# environment by accident, and a secret that stands there can be refused without being looked at.
OPERATE = exec env GIVEN="$(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))" \
	NAME="$(word 2,$(MAKECMDGOALS))" .local/deploy-venv/bin/python -m deploy.commands

deploy: ## all of it to AWS, from nothing or from an earlier version: STAGE=dev (YES=1; TAG=… goes back to a version)
	@$(BOOTSTRAP) deploy
	@$(OPERATE) deploy

info: ## what there is of a stage: STAGE=dev
	@$(BOOTSTRAP) deploy
	@$(OPERATE) info

update-config: ## a new value for a secret, asked for unseen: make update-config CLIENT_SECRET STAGE=dev
	@$(BOOTSTRAP) deploy
	@$(OPERATE) update-config

# The name after update-config is a word, not a target.
ifeq (update-config,$(firstword $(MAKECMDGOALS)))
ifneq (,$(word 2,$(MAKECMDGOALS)))
.PHONY: $(word 2,$(MAKECMDGOALS))
$(word 2,$(MAKECMDGOALS)): ; @:
endif
endif

admin: ## the first administrator: STAGE=dev EMAIL=you@example.com
	@$(BOOTSTRAP) run
	@$(BOOTSTRAP) deploy
	@$(OPERATE) admin

import-products: ## a catalogue from CSV: STAGE=dev FILE=catalogue.csv (DRY_RUN=1 only tells)
	@$(BOOTSTRAP) run
	@$(BOOTSTRAP) deploy
	@$(OPERATE) import-products

logs: ## a stage's lines as they come: STAGE=dev (REQUEST=id or ORDER=42; SINCE=2h; FOLLOW=no)
	@$(BOOTSTRAP) deploy
	@$(OPERATE) logs

cost: ## what it costs a month: docs/costs.md anew, or one stage: STAGE=dev (ACTUAL=1 asks AWS, for one cent)
	@$(BOOTSTRAP) deploy
	@$(if $(STAGE),$(OPERATE) cost,exec .local/deploy-venv/bin/python -m deploy.prices)

pause: ## stop all that costs by the hour, keep all data: STAGE=dev (YES=1)
	@$(BOOTSTRAP) deploy
	@$(OPERATE) pause

resume: ## make a paused stage run again: STAGE=dev
	@$(BOOTSTRAP) deploy
	@$(OPERATE) resume

destroy: ## delete a stage after a last copy of its orders: STAGE=dev
	@$(BOOTSTRAP) deploy
	@$(OPERATE) destroy

##@ Upkeep

clean: ## delete outputs of builds and checks; never data
	@python3 deploy/commands/clean.py

lock: ## renew the hashed lock files (needs uv)
	$(LOCK) --upgrade pyproject.toml -o requirements/runtime.txt
	$(LOCK) --upgrade pyproject.toml --extra mysql -c requirements/runtime.txt -o requirements/mysql.txt
	$(LOCK) --upgrade pyproject.toml --extra mysql --extra traces -c requirements/runtime.txt -o requirements/traces.txt
	$(LOCK) --upgrade pyproject.toml --group dev --extra traces -c requirements/traces.txt -o requirements/dev.txt
	$(LOCK) --upgrade requirements/ministack.in -o requirements/ministack.txt
	$(LOCK) --upgrade requirements/deploy.in -o requirements/deploy.txt
	$(LOCK) --upgrade requirements/bench.in -o requirements/bench.txt

doctor: ## what this machine has and lacks, and the cure
	@$(BOOTSTRAP) doctor
