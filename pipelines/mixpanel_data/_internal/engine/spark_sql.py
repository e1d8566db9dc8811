"""DuckDB's SQL of the models as Spark's: parsed by sqlglot, changed by rules, checked against a list of what is allowed.

Untouched, sqlglot writes SQL that Spark runs with other results: see docs/decisions. So every function is either on a
list of those that mean the same in both (``spark_allowed``), or has a rule (``spark_functions``, ``spark_structure``),
or is an error that names the model. ``tests/spark`` compares each on both engines.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from mixpanel_data._internal.engine.spark_allowed import require_allowed
from mixpanel_data._internal.engine.spark_functions import rewritten_functions, type_of
from mixpanel_data._internal.engine.spark_structure import rewritten_structure
from mixpanel_data._internal.engine.spark_text import SparkSQLError
from mixpanel_data.exceptions import ConfigError

SQLGLOT = "29.0.1"
"""The version that the rules are proven with: others parse and write some functions in other ways."""

Named = Callable[[exp.Table], exp.Table]
"""What a table is called on Spark: returns the node itself, changed, or another one."""


def to_spark(sql: str, *, model: str, tables: Named | None = None) -> str:
    """Return the query ``sql`` of ``model``, in DuckDB's SQL, as one of Spark 3.5.

    Its results are those of DuckDB if the session's time zone is UTC and ``spark.sql.timestampType`` is
    ``TIMESTAMP_NTZ``. UUIDs and JSON are strings. ``tables`` renames the tables of the query, without those that it
    defines itself; without ``tables`` they keep their names.

    Raises:
        SparkSQLError: The query can't be parsed, or has something that no rule covers.
        ConfigError: Another version of sqlglot is installed than the rules are proven with.
    """
    require_version()
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
        require_allowed(tree)
        if tables:
            _rename(tree, tables)
        tree = rewritten_functions(rewritten_structure(tree))
        return tree.sql(dialect="spark", comments=False, unsupported_level=ErrorLevel.IMMEDIATE)
    except SparkSQLError as error:
        raise SparkSQLError(f"{model}: {error.message}", details={"model": model}) from None
    except SqlglotError as error:
        raise SparkSQLError(
            f"{model}: sqlglot can't translate this SQL to Spark: {error}", details={"model": model}
        ) from error


def by_contract(query: str, columns: Mapping[str, str]) -> str:
    """Return a query of Spark for the rows of ``query``, which is Spark's already, with the columns of a contract.

    ``columns`` are names and DuckDB types, in the order of the contract.

    Raises:
        SparkSQLError: A type has no rule.
    """
    casts = [f"CAST(`{name}` AS {type_of(kind)}) AS `{name}`" for name, kind in columns.items()]
    return f"SELECT {', '.join(casts)} FROM ({query})"


def require_version() -> None:
    """Raise ``ConfigError`` if the rules are not proven with the installed version of sqlglot."""
    installed = version("sqlglot")
    if installed != SQLGLOT:
        raise ConfigError(
            f"The engine spark needs sqlglot {SQLGLOT}, and {installed} is installed. "
            f"Install it with: pip install 'sqlglot=={SQLGLOT}'."
        )


def _rename(tree: exp.Expression, tables: Named) -> None:
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.args.get("db") or table.name.lower() not in own:
            renamed = tables(table)
            if renamed is not table:
                table.replace(renamed)
