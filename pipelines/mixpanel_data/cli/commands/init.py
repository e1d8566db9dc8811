"""``mp init``: a new project."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The project folder; the working folder if not given."
        ),
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Write a project of your own.

    It has settings, dbt variables, models and flows; the installed package is never edited. Files
    that exist are kept.

    Example: mp init my-mixpanel
    """
    from mixpanel_data.project import init_project, is_project

    project = init_project(folder, force=force)
    for path in project.written:
        typer.echo(f"wrote {folder / path}")
    for path in project.kept:
        typer.echo(f"kept  {folder / path}, which existed")
    # Files that existed are kept, so the new ones may not be found or used; the command says which.
    if not is_project(project.folder):
        typer.echo(
            "Add a section [sources.mixpanel] to .dlt/config.toml, which existed, so that folders "
            "in the project find it.",
            err=True,
        )
    if not project.builds_own_models:
        typer.echo(
            "The profile of dbt_project.yml, which existed, is not mixpanel_data, so `mp sync` "
            "builds the package's models alone. Create the dbt project in another folder, and set "
            "MP_DBT_PROJECT_DIR.",
            err=True,
        )
    typer.echo("Go on with:", err=True)
    if project.folder != Path.cwd():
        typer.echo(f"   cd {folder}", err=True)
    typer.echo("   mp auth add production   # prompts for a service account of Mixpanel", err=True)
    typer.echo("   mp sync", err=True)
