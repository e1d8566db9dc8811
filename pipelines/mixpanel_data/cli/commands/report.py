"""``mp report``: the published tables as an HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_data.cli.options import (
    DataDirOption,
    FirstShownDayOption,
    LastShownDayOption,
    OpenOption,
    QuietOption,
)


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it; else report.html in the data folder.",
        ),
    ] = None,
    from_day: FirstShownDayOption = None,
    to_day: LastShownDayOption = None,
    show: OpenOption = False,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write a report of the tables, as one HTML file.

    It has active users, retention, funnels, sessions, events and data quality. It has sources, countries and revenue if
    the project sends them; revenue is a column of numbers called revenue or amount, which event_properties adds. The
    file needs no network.

    Example: mp report --output report.html --from 2026-01-01
    """
    from mixpanel_data.published import write_report
    from mixpanel_data.settings import load_settings, parse_day

    written = write_report(
        load_settings(data_dir=data_dir),
        output=output,
        first=parse_day(from_day),
        last=parse_day(to_day),
    )
    if not quiet:
        # A file without any day has no span.
        days = f", {written.span.first} to {written.span.last}" if written.span else ""
        typer.echo(f"A report of {written.bytes / 1e6:.1f} MB{days}:", err=True)
    # The path alone on stdout, for `open "$(mp report --quiet)"`.
    typer.echo(str(written.path))
    if show:
        typer.launch(str(written.path))
