"""``mp init``: a project of one's own."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write it; else the working folder.")
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Write files anew that are there already.")
    ] = False,
) -> None:
    """Write a project of your own.

    It holds settings, dbt variables, models and flows; the installed package is never edited. Files that exist are
    kept.

    Example: mp init my-mixpanel
    """
    from mixpanel_data.project import init_project

    project = init_project(folder, force=force)
    for path in project.written:
        typer.echo(f"wrote {folder / path}")
    for path in project.kept:
        typer.echo(f"kept  {folder / path}, which was there already")
    if not project.builds_own_models:
        typer.echo(
            "dbt_project.yml was there already and has another profile than mixpanel_data, so `mp sync` builds the "
            "package's models alone. Write the dbt project elsewhere, and set MP_DBT_PROJECT_DIR.",
            err=True,
        )
    typer.echo("Go on with:", err=True)
    if project.folder != Path.cwd():
        typer.echo(f"   cd {folder}", err=True)
    typer.echo("   mp auth add production   # asks for a service account of Mixpanel", err=True)
    typer.echo("   mp sync", err=True)
