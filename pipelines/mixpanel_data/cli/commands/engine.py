"""``mp engine``: the engine that has the raw tables and builds the others."""

from collections.abc import Callable
from typing import Annotated

import typer

from mixpanel_data.cli.errors import FAILED
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption, one_of
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

app = typer.Typer(
    help="The tables' engine: DuckDB, or Spark over Iceberg.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ENGINES = ("duckdb", "spark")


@app.command("conf")
def conf() -> None:
    """Print what spark-defaults.conf needs for a session over the catalog.

    Spark's own master, jars and memory are not among it, and no password is.

    Example: mp engine conf
    """
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync.engine import spark_settings

    for name, value in spark_settings(load_settings()).items():
        typer.echo(f"{name} {value}")


@app.command("move")
def move(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ENGINE",
            help="The engine that gets the raw tables: spark or duckdb.",
            autocompletion=one_of(*ENGINES),
        ),
    ] = "spark",
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
) -> None:
    """Copy the raw tables to the other engine, and compare each day on both.

    The source is left as it is. Set MP_ENGINE, or `kind` in [engine], afterwards.

    Example: mp engine move --to spark
    """
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import exclusive
    from mixpanel_data.sync.engine import move as move_engine

    if to not in ENGINES:
        raise typer.BadParameter(f"{to} is neither of {', '.join(ENGINES)}.")
    settings = load_settings(data_dir=data_dir)
    with exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS):
        moved = move_engine(settings, to, on_progress=_reporter(quiet))
    others = ", ".join(f"{rows:,} of {name}" for name, rows in moved.others.items() if rows)
    typer.echo(
        f"{moved.events:,} events of {moved.days:,} days"
        + (f", and {others}," if others else "")
        + f" are in the engine {moved.to}. Each day is equal on both sides. To use it: "
        f"MP_ENGINE={moved.to}."
    )


@app.command("compare")
def compare(
    data_dir: DataDirOption = None, quiet: QuietOption = False, fmt: FormatOption = Format.table
) -> int:
    """Build all tables with DuckDB, and compare each with the published one of Spark.

    All rows are compared, both ways. The exit code is 1 if a table differs.

    Example: mp engine compare --format json
    """
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import exclusive
    from mixpanel_data.sync.engine import compare as compare_engines
    from mixpanel_data.sync.engine import exclusive_catalog

    settings = load_settings(data_dir=data_dir)
    with (
        exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS),
        exclusive_catalog(settings, wait_seconds=LOCK_WAIT_SECONDS),
    ):
        found = compare_engines(settings, on_progress=_reporter(quiet))
    rows = [
        (
            each.table,
            each.rows,
            each.only_duckdb,
            each.only_spark,
            "equal" if each.is_equal else f"differs {' '.join(each.columns)}".strip(),
        )
        for each in found
    ]
    print_rows(["table", "rows", "only_duckdb", "only_spark", "result"], rows, fmt)
    differ = [each.table for each in found if not each.is_equal]
    if not quiet:
        ending = f"{len(differ)} differ: {', '.join(differ)}." if differ else "All are equal."
        typer.echo(f"{len(found)} tables compared. {ending}", err=True)
    return FAILED if differ else 0


def _reporter(quiet: bool) -> Callable[[str], None]:
    return lambda text: None if quiet else typer.echo(text, err=True)
