"""Writes the report of a data folder to a file."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from mixpanel_data._internal.data_folder.output_files import require_writable, write_output_file
from mixpanel_data._internal.html_report.charts.vega import vl_convert
from mixpanel_data._internal.html_report.model import read_report
from mixpanel_data._internal.html_report.published_tables import open_published_tables
from mixpanel_data._internal.html_report.render import render_page
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import NothingPublishedError

FILE_NAME = "report.html"
OPTION = "mp report --output"


@dataclass(frozen=True)
class WrittenReport:
    """The path of a report, its size in bytes, and its days; None without days."""

    path: Path
    bytes: int
    span: Window | None


def write_report(
    settings: Settings,
    *,
    output: Path | None = None,
    first: date | None = None,
    last: date | None = None,
    now: datetime | None = None,
) -> WrittenReport:
    """Write the report on the days ``first`` to ``last``, by default the last 90, as one HTML file.

    The default path is ``report.html`` in the data folder. The file is replaced atomically.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        output: The HTML file.
        first: First day of the report, in the project's time zone. None: 90 days with the last one.
        last: Last day, included. None: the last one that is published.
        now: The time of the report, with a zone. None: the present time.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if none of the days is available, or the extra ``report`` is not installed.
        StorageError: if the file can't be written.
    """
    target = (output or settings.folder.root / FILE_NAME).expanduser().absolute()
    vl_convert()  # fails before the queries if it is not installed
    if not settings.folder.published.is_file():
        raise NothingPublishedError(str(settings.folder.root))
    require_writable(target, option=OPTION)
    with open_published_tables(settings.folder, memory_limit=settings.memory_limit) as db:
        report = read_report(db, first=first, last=last, now=now or datetime.now(UTC))
    text = render_page(report).encode()
    write_output_file(target, text, option=OPTION)
    return WrittenReport(target, len(text), report.span)
