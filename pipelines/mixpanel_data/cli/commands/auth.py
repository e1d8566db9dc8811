"""``mp auth``: named accounts."""

import sys
from typing import Annotated

import typer

from mixpanel_data.cli.options import Format, FormatOption
from mixpanel_data.exceptions import ConfigError

app = typer.Typer(
    help="Named accounts, stored in ~/.mp/config.toml.", no_args_is_help=True, rich_markup_mode=None
)

DEFAULT_REGION = "us"

Name = Annotated[str, typer.Argument(help="The account's name.")]


@app.command("add")
def add(
    name: Name,
    username: Annotated[
        str | None,
        typer.Option("--username", "-u", metavar="NAME", help="The service account's user name."),
    ] = None,
    project_id: Annotated[
        str | None,
        typer.Option("--project-id", "-p", metavar="NUMBER", help="The project's number."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", "-r", metavar="REGION", help="us, eu or in; us if not given."),
    ] = None,
    secret_stdin: Annotated[
        bool,
        typer.Option(
            "--secret-stdin",
            help="Read the secret from stdin, not from a hidden prompt. Then nothing is prompted for.",
        ),
    ] = False,
) -> None:
    """Store a service account under a name. The first one becomes the default.

    What is not given is prompted for. The secret is never an argument: other users of the machine could read it there.

    Example: mp auth add production --username sa_prod --project-id 12345 --region eu
    """
    from mixpanel_data.auth import ConfigManager

    if secret_stdin:
        username = _required(username, "--username")
        project_id = _required(project_id, "--project-id")
        secret = sys.stdin.readline()
    else:
        username = username or _ask("Username")
        project_id = project_id or _ask("Project ID")
        region = region or _ask("Region (us, eu or in)", default=DEFAULT_REGION)
        secret = _ask("Secret", hide_input=True)
    manager = ConfigManager()
    manager.add_account(name, username, secret, project_id, region or DEFAULT_REGION)
    typer.echo(f"Account '{name}' is stored in {manager.config_path}.", err=True)


def _ask(question: str, *, default: str | None = None, hide_input: bool = False) -> str:
    try:
        answer: str = typer.prompt(question, default=default, hide_input=hide_input, err=True)
    except typer.Abort:
        # Ctrl-C at a terminal ends the command; an input that ended is a missing option.
        if sys.stdin is not None and sys.stdin.isatty():
            raise
        typer.echo(err=True)
        raise ConfigError(
            f"There is no answer to {question!r}: the input ended. Give the options of "
            "`mp auth add`, and the secret with --secret-stdin."
        ) from None
    return answer


def _required(value: str | None, option: str) -> str:
    if not value:
        raise typer.BadParameter(
            "it is needed with --secret-stdin, which prompts for nothing.", param_hint=option
        )
    return value


@app.command("list")
def list_accounts(fmt: FormatOption = Format.table) -> None:
    """List the accounts, without their secrets.

    Example: mp auth list --format json
    """
    from mixpanel_data.auth import ConfigManager
    from mixpanel_data.cli.output.rows import print_rows

    names = ["name", "username", "project_id", "region", "is_default"]
    accounts = ConfigManager().list_accounts()
    print_rows(names, [[getattr(account, name) for name in names] for account in accounts], fmt)


@app.command("show")
def show(name: Name, fmt: FormatOption = Format.table) -> None:
    """Show one account, its secret masked.

    Example: mp auth show production
    """
    from mixpanel_data.auth import ConfigManager
    from mixpanel_data.cli.output.rows import print_object, print_rows

    account = ConfigManager().get_account(name)
    values = {
        "name": account.name,
        "username": account.username,
        "secret": "********",
        "project_id": account.project_id,
        "region": account.region,
        "is_default": account.is_default,
    }
    if fmt in (Format.json, Format.jsonl):
        print_object(values)
    else:
        print_rows(["field", "value"], list(values.items()), fmt)


@app.command("default")
def default(name: Name) -> None:
    """Make an account the one that is used when none is named.

    Example: mp auth default staging
    """
    from mixpanel_data.auth import ConfigManager

    ConfigManager().set_default(name)
    typer.echo(f"'{name}' is the default now.", err=True)


@app.command("remove")
def remove(name: Name) -> None:
    """Remove an account. Its data is kept.

    Example: mp auth remove staging
    """
    from mixpanel_data.auth import ConfigManager

    ConfigManager().remove_account(name)
    typer.echo(f"Account '{name}' is removed.", err=True)


@app.command("test")
def try_account(
    name: Annotated[
        str | None, typer.Argument(help="The account's name; else the one in force.")
    ] = None,
    fmt: FormatOption = Format.table,
) -> None:
    """Send a request to check an account's credentials and project.

    Example: mp auth test production
    """
    from mixpanel_data.auth import check_account
    from mixpanel_data.cli.output.results import print_result
    from mixpanel_data.settings import load_settings

    print_result(check_account(load_settings(), name), fmt)
