"""``mp dashboard``: boards of the published tables, in a browser."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mixpanel_data.cli.options import (
    DataDirOption,
    FirstShownDayOption,
    LastShownDayOption,
    OpenOption,
    QuietOption,
)


def dashboard(
    sign_up: Annotated[
        str | None, typer.Option(metavar="EVENT", help="The event of a sign-up, for the KPIs.")
    ] = None,
    value_moment: Annotated[
        str | None,
        typer.Option(metavar="EVENT", help="The event that shows that a user gets value."),
    ] = None,
    feature: Annotated[
        str | None,
        typer.Option(metavar="EVENT", help="The event of the feature-launch board, at first."),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(metavar="DIMENSION=VALUE", help="A segment, such as country=DE, at first."),
    ] = None,
    from_day: FirstShownDayOption = None,
    to_day: LastShownDayOption = None,
    port: Annotated[
        int, typer.Option(metavar="N", help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    token: Annotated[
        bool, typer.Option("--token/--no-token", help="Answer only to the printed address.")
    ] = True,
    show: OpenOption = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write one HTML file, or dashboard.html in a folder; no server."
        ),
    ] = None,
    superset: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a dashboard to import into Superset, as a zip."),
    ] = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
) -> None:
    """Show boards of the tables in the browser.

    The boards are company KPIs, user lifecycle, feature launch, experiments and data quality, with filters by days and
    segment. The server reads the published file on 127.0.0.1 and shows the next publication by itself. It needs the extra
    `dashboard`. Stop with Ctrl-C.

    Example: mp dashboard --sign-up "Signed Up" --value-moment Purchase
    """
    from mixpanel_data.exceptions import ConfigError
    from mixpanel_data.published import (
        export_dashboard,
        serve_dashboard,
        write_superset_dashboard,
    )
    from mixpanel_data.settings import load_settings, parse_day

    settings = load_settings(data_dir=data_dir)
    options: dict[str, Any] = {
        "sign_up": sign_up,
        "value_moment": value_moment,
        "feature": feature,
        "segment": segment,
        "first": parse_day(from_day),
        "last": parse_day(to_day),
    }
    if superset is not None:
        if export is not None or segment or from_day or to_day:
            raise ConfigError(
                "--superset goes with --sign-up and --value-moment only: Superset has filters of its own."
            )
        _written(
            write_superset_dashboard(
                settings, superset, sign_up=sign_up, value_moment=value_moment, feature=feature
            ),
            "A dashboard for Superset",
            quiet=quiet,
        )
        return
    if export is not None:
        page = export_dashboard(settings, output=export, **options)
        _written(page, "A dashboard", quiet=quiet)
        if show:
            typer.launch(str(page.path))
        return

    def announce(address: str) -> None:
        if not quiet:
            typer.echo("The dashboard is at this address. Stop it with Ctrl-C.", err=True)
        # Flushed, because a program may wait for the address.
        print(address, flush=True)
        if show:
            typer.launch(address)

    serve_dashboard(settings, port=port, token=token, show=announce, **options)


def _written(written: Any, what: str, *, quiet: bool) -> None:
    if not quiet:
        typer.echo(f"{what}, {written.bytes / 1e6:.1f} MB:", err=True)
    typer.echo(str(written.path))
