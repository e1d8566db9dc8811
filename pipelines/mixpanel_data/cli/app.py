"""The tree of commands, and the exit of a command."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mixpanel_data.cli.commands import (
    alerts,
    auth,
    backup,
    dashboard,
    demo,
    doctor,
    engine,
    export,
    fetch,
    funnel,
    import_definitions,
    init,
    inspect,
    plan,
    publish,
    query,
    reconcile,
    report,
    restore,
    sandbox,
    status,
    sync,
    verify,
)
from mixpanel_data.cli.common_options import (
    add_common_options,
    options_after_command,
    wanted_format,
)
from mixpanel_data.cli.errors import (
    BAD_ARGUMENTS,
    INTERRUPTED,
    exit_code,
    named,
    show_error,
    warnings_to_stderr,
)
from mixpanel_data.cli.output import streams, verbosity
from mixpanel_data.cli.signals import stop_code
from mixpanel_data.exceptions import ConfigError

# Typer carries its own click and does not export the base of its errors.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="mp",
    help="Own your Mixpanel data: complete, repeatable extraction into DuckDB, modelled by dbt.",
    epilog="--format, --data-dir, --account, --quiet and --verbose may stand before the command, too.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they print local variables, secrets among them
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(asked: bool) -> None:
    if asked:
        from mixpanel_data import __version__

        typer.echo(f"mixpanel-data {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("sync")(sync.sync)
app.command("plan")(plan.plan)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("dashboard")(dashboard.dashboard)
app.command("reconcile")(reconcile.reconcile)
app.command("verify")(verify.verify)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("doctor")(doctor.doctor)
app.command("export")(export.export)
app.command("funnel")(funnel.funnel)
app.command("import-definitions")(import_definitions.import_definitions)
app.command("publish")(publish.publish)
app.command("sandbox")(sandbox.sandbox)
app.add_typer(alerts.app, name="alerts")
app.add_typer(auth.app, name="auth")
app.add_typer(engine.app, name="engine")
app.add_typer(fetch.app, name="fetch")
app.add_typer(query.app, name="query")
app.add_typer(inspect.app, name="inspect")
add_common_options(app)


def run(arguments: Sequence[str]) -> int:
    """Run ``mp`` with these arguments, print its outcome, and return its exit code."""
    try:
        return _run(arguments)
    except BaseException:
        # A signal raises SystemExit wherever the program is, and libraries replace that with errors
        # of their own. The cause is still the signal, and so is the exit code.
        stopped = stop_code()
        if stopped is None:
            raise
        typer.echo("Stopped. Loaded data is kept; rerun the command to continue.", err=True)
        return stopped


def _run(arguments: Sequence[str]) -> int:
    # dbt and dlt send usage statistics unless these are set, and read them when they are imported.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    verbosity.reset()
    as_json = wanted_format(arguments) in ("json", "jsonl")
    try:
        code = _run_command(arguments, as_json=as_json)
        streams.flush_output()
    except BrokenPipeError:  # the reader of our output has closed it
        streams.drop_output()
        return 0
    except (KeyboardInterrupt, typer.Abort):  # at a prompt, or in a program that calls this
        return INTERRUPTED
    except Exception as error:
        if stop_code() is not None:
            raise
        shown = named(error)
        show_error(shown, as_json=as_json, cause=error)
        if streams.is_output_lost():
            streams.drop_output()
        return exit_code(shown)
    return code


def _run_command(arguments: Sequence[str], *, as_json: bool) -> int:
    tree = command()
    try:
        with warnings_to_stderr():
            # Not standalone: click would end the process and print errors in its own way.
            result: Any = tree.main(
                options_after_command(arguments, tree), prog_name="mp", standalone_mode=False
            )
    except USAGE_ERROR as error:
        return _usage(error, as_json=as_json)
    except typer.Exit as error:
        return error.exit_code
    return result if isinstance(result, int) else 0


def command() -> Any:
    """Return the tree. Its help shows each example on one line, so that it can be copied."""
    tree: Any = typer.main.get_command(app)
    _keep_examples(tree)
    return tree


def _keep_examples(command: Any) -> None:
    for child in getattr(command, "commands", {}).values():
        _keep_examples(child)
    if command.help:
        # A paragraph that begins with a backspace is not wrapped.
        command.help = command.help.replace("\n\nExample: ", "\n\n\b\nExample:\n  ")


def _usage(error: Any, *, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # a command group without a command
        typer.echo(error.ctx.get_help())
        return 0
    if as_json:
        show_error(ConfigError(error.format_message()), as_json=True)
    else:
        error.show()
    return BAD_ARGUMENTS
