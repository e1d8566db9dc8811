"""Pieces of Spark SQL inside a tree of sqlglot."""

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from mixpanel_data.exceptions import MixpanelDataError


class SparkSQLError(MixpanelDataError):
    """SQL of a model that can't be translated to Spark."""

    code = "SPARK_SQL"


def text(node: exp.Expression | None) -> str:
    """The node as Spark writes it."""
    if node is None:
        return ""
    return node.sql(dialect="spark", comments=False, unsupported_level=ErrorLevel.IMMEDIATE)


def spark(sql: str) -> exp.Expression:
    """An expression that is written as it is here: sqlglot neither parses nor changes it."""
    return exp.Var(this=sql)


def call(name: str, *arguments: exp.Expression | str) -> exp.Expression:
    """A call of a function of Spark; sqlglot writes it as it is."""
    nodes = [spark(one) if isinstance(one, str) else one for one in arguments]
    return exp.Anonymous(this=name, expressions=nodes)


def literal(value: str) -> str:
    """A string literal of Spark, in which a backslash escapes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def sql_of(node: exp.Expression) -> str:
    """The node as it was in the model, for messages."""
    found = node.sql(dialect="duckdb", comments=False, unsupported_level=ErrorLevel.IGNORE)
    return found if len(found) <= 120 else found[:117] + "…"
