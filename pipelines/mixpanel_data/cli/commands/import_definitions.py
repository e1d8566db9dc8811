"""``mp import-definitions``: saved reports of Mixpanel as variables of the models."""

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import print_answer
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FreshOption,
    QuietOption,
)


def import_definitions(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to write the variables, as YAML."
        ),
    ] = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Translate reports saved in Mixpanel to variables.

    Funnels and Insights reports are tried: one is translated only if its numbers over the published events are
    Mixpanel's (± 1 %); the others are listed with the reason. The file has `vars` for dbt_project.yml.

    Example: mp import-definitions --output saved.yml
    """
    from mixpanel_data import ImportedDefinitions, Workspace

    def imported(ws: Workspace) -> ImportedDefinitions:
        found = ws.import_definitions()
        if output is not None:
            output.write_text(found.to_yaml(), encoding="utf-8")
        return found

    print_answer(imported, fmt, account=account, fresh=fresh, data_dir=data_dir, quiet=quiet)
