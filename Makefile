# Everything here needs only python3 (3.11, 3.12 or 3.13), make and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BI := $(VENV)/bi
BI_STAMP := $(BI)/.installed
SPARK := $(VENV)/spark
SPARK_STAMP := $(SPARK)/.installed

# Nothing we run reports home.
export DO_NOT_TRACK := 1
export RUNTIME__DLTHUB_TELEMETRY := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export PREFECT_HOME := $(CURDIR)/.prefect
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-destinations test-spark setup bi spark bench lint format docs recipes dbt-docs lock clean
.DEFAULT_GOAL := setup

demo: $(STAMP)  ## a sample project, from its API to a file that BI reads
	@$(BIN)/mp demo

test: $(STAMP) $(BI_STAMP)  ## unit and integration tests, then the end-to-end ones
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadgroup tests/unit
	$(BIN)/coverage combine --quiet
	@echo "Percent of the lines that the unit tests run:"
	$(BIN)/coverage report --format=total
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore tests/unit
	$(BIN)/python -m pytest -m e2e -n 3 --dist loadgroup --no-loadscope-reorder

test-destinations: $(SPARK_STAMP)  ## the stock destinations of dlt, and the publish targets
	$(SPARK)/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder tests/destinations tests/publish_targets

# Spark 3.5 supports no Python after 3.11: there nothing is tested, and a line names that.
test-spark: $(SPARK_STAMP)  ## Spark, on one machine and on a cluster; needs Java
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] > (3, 11))'; then \
		$(SPARK)/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder tests/spark; \
	else \
		echo "$$($(BIN)/python --version): tests/spark is left out, since Spark 3.5 supports none after 3.11."; \
	fi

setup: $(STAMP)  ## .venv with the locked dependencies, nothing else

$(STAMP): requirements/dev.lock requirements/old-duckdb.lock requirements/pyarrow.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; ok = (3, 11) <= v <= (3, 13); sys.exit(0 if ok else "Python 3.11, 3.12 or 3.13 is needed, and %s is %d.%d: make PYTHON=python3.12 ..." % (sys.executable, *v))'
	@echo "Installing the locked dependencies into $(VENV): a few minutes, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --only-binary :all: -r requirements/dev.lock
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --only-binary :all: --target $(VENV)/old-duckdb -r requirements/old-duckdb.lock
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --only-binary :all: --target $(VENV)/pyarrow -r requirements/pyarrow.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(VENV) pipelines flows || true
	@touch $@

bi: $(BI_STAMP)  ## Apache Superset, which the end-to-end tests open the published file with

# In an environment of its own: its pins are others. It and two small packages come as sources, all Python, and
# setuptools, of the same lock, makes wheels of them. It has no wheels for Python 3.13, where its tests are skipped.
$(BI_STAMP): requirements/bi.lock | $(STAMP)
	@$(PYTHON) -m venv --clear $(BI)
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
		echo "Installing Apache Superset into $(BI): 860 MB, a minute or two, once." && \
		awk '/^setuptools==/,/[^\\]$$/' $< | $(BI)/bin/python -m pip install -qq --no-deps --require-hashes --only-binary :all: -r /dev/stdin && \
		$(BI)/bin/python -m pip install -qq --no-deps --require-hashes --no-build-isolation \
			--only-binary :all: --no-binary apache-superset,odfpy,wtforms-json -r $<; \
	fi
	@touch $@

spark: $(SPARK_STAMP)  ## Spark and the stock destinations, with PostgreSQL and S3 servers, for the tests of these

# In an environment of its own: 2.5 GB, and pyarrow, with which dlt and pandas do other things. pyspark comes as sources
# only, and setuptools of the same lock makes a wheel of it.
$(SPARK_STAMP): requirements/spark.lock pyproject.toml | $(STAMP)
	@echo "Installing Spark and the stock destinations into $(SPARK): 2.5 GB, some minutes, once."
	@$(PYTHON) -m venv --clear $(SPARK)
	@awk '/^(setuptools|wheel|packaging)==/,/[^\\]$$/' $< | $(SPARK)/bin/python -m pip install -qq --no-deps --require-hashes --only-binary :all: -r /dev/stdin
	@$(SPARK)/bin/python -m pip install -qq --no-deps --require-hashes --no-build-isolation --only-binary :all: --no-binary pyspark -r $<
	@$(SPARK)/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

bench: $(STAMP)  ## speed and memory against DuckDB alone; minutes, and some GB of temporary disk
	$(BIN)/python tests/benchmarks/run.py

lint: $(STAMP)  ## ruff, mypy, sqlfluff
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 dbt

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)  ## the documentation site in site/; its page on `mp` is written from the commands
	$(BIN)/typer mixpanel_data.cli.app utils docs --name mp --output docs/reference/mp.md >/dev/null
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "Open site/index.html"

recipes: $(STAMP)  ## rewrites the results in docs/recipes.md, over the sandbox's shop; a minute
	$(BIN)/python tests/docs/recipes.py

dbt-docs: $(STAMP)  ## one page of all tables, columns and metrics, over the demo or the data in MP_DATA_DIR
	@test -n "$$MP_DATA_DIR" -o -e demo-data/mixpanel.duckdb || $(BIN)/mp demo >/dev/null
	@MP_DATA_DIR="$${MP_DATA_DIR:-demo-data}" MP_DBT_TARGET=published \
		$(BIN)/dbt --quiet docs generate --static --project-dir dbt --profiles-dir dbt
	@echo "Open dbt/target/static_index.html"

lock:  ## rewrites the lock files; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --no-header --extra flows --extra alerts --extra fast --extra pandas --extra report --extra dashboard --extra semantic --extra openlineage \
		--group dev pyproject.toml --output-file requirements/dev.lock
	sed -n 's/^\([a-zA-Z0-9_.-]*\(\[[a-z,]*\]\)\?==[^ ]*\)\( ;[^\\]*\)\?.*/\1\3/p' requirements/dev.lock > requirements/dev.constraints
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --no-header --extra flows --extra alerts --extra fast --extra pandas --extra report --extra dashboard --extra semantic --extra openlineage \
		--extra postgres --extra s3 --extra delta --extra iceberg --extra spark --group dev \
		--constraints requirements/dev.constraints pyproject.toml requirements/spark.in --output-file requirements/spark.lock
	rm requirements/dev.constraints
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --no-header requirements/old-duckdb.in --output-file requirements/old-duckdb.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --no-header requirements/pyarrow.in --output-file requirements/pyarrow.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --no-header --exclude-newer 2026-05-20 requirements/bi.in --output-file requirements/bi.lock

clean:  ## the environment and the demo's data; never your own data
	rm -rf $(VENV) .prefect demo-data
