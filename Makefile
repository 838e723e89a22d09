# Everything sets itself up: see .ci/setup. `make help` lists the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin
PYTHON := $(BIN)/python
TEMPLATES := git ls-files -z --cached --others --exclude-standard 'templates/*.html' 'templates/*.txt'
# Settings for tools that only read the code; nothing of the shell's own.
CLEAN_ENV := env -i PATH="$$PATH" HOME="$$HOME" LANG=C.UTF-8
DEVELOPMENT := $(CLEAN_ENV) DEBUG=true DATABASE_URL=sqlite://:memory:
PRODUCTION := $(CLEAN_ENV) SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	DATABASE_URL=postgres://caprural@localhost/caprural SITE_URL=https://sessions.example.org \
	ALLOWED_HOSTS=sessions.example.org EMAIL_URL=smtp+tls://localhost:587

.PHONY: help
help: ## Cette liste
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-18s %s\n", $$1, $$2 }'

# --- Démonstration ---

.PHONY: run passwords
run: ## Prépare tout et sert le site de démonstration sur http://127.0.0.1:8000 (PORT=… pour un autre port)
	@.ci/setup demo
	@.ci/demo serve

passwords: ## Donne de nouveaux mots de passe aux comptes de démonstration
	@.ci/setup demo
	@.ci/demo manage load_demo --new-passwords

# --- Tests ---

.PHONY: test test-sqlite test-postgresql test-browser
test: ## Prépare tout et lance tous les tests
	@.ci/setup sqlite postgresql browser
	@$(PYTHON) .ci/test sqlite postgresql browser

test-sqlite test-postgresql test-browser: test-%:
	@.ci/setup $*
	@$(PYTHON) .ci/test $*

# --- Contrôles du code ---

.PHONY: lint lint-setup lint-python lint-templates lint-imports lint-types lint-django lint-repository
lint: lint-python lint-templates lint-imports lint-types lint-django lint-repository ## Contrôle le code (format, règles, types, imports, configuration)

lint-setup:
	@.ci/setup lint

lint-python: lint-setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lint-templates: lint-setup
	$(TEMPLATES) | xargs -0r $(BIN)/djade --target-version 5.2 --check
	$(PYTHON) -m djlint --lint --quiet templates

lint-imports: lint-setup
	$(BIN)/lint-imports --no-logo

lint-types: lint-setup
	$(DEVELOPMENT) $(PYTHON) -m mypy

lint-django: lint-setup
	$(DEVELOPMENT) $(PYTHON) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING

lint-repository: lint-setup
	$(PYTHON) .ci/check-repository

.PHONY: format
format: lint-setup ## Met le code et les gabarits en forme
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(TEMPLATES) | xargs -0r $(BIN)/djade --target-version 5.2

# --- Dépendances ---

# The locks hold for the public files: whatever other index this machine may know is left aside.
UV := env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS .venv/bin/uv
COMPILE := $(UV) pip compile pyproject.toml --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: lint-setup ## Régénère les fichiers de versions d’après pyproject.toml (UPGRADE=1 pour tout mettre à jour)
	$(PYTHON) -m pip install -qq uv
	$(COMPILE) --extra dev --output-file requirements-dev.lock
	$(COMPILE) --constraints requirements-dev.lock --output-file requirements.lock

# --- Ménage ---

.PHONY: clean
clean: ## Supprime ce qui se refait (environnement, caches, fichiers statiques), jamais les données de var/
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

-include static/src/css.mk
