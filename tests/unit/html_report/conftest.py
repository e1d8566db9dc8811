"""Reports of files made by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.made_file import MadeFile, full

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.html_report.model import Report, read_report
from mixpanel_data._internal.html_report.published_tables import open_published_tables
from mixpanel_data._internal.html_report.render import render_page

NOW = datetime(2026, 9, 9, 8, 0, tzinfo=UTC)
Read = Callable[..., Report]


def read(made: MadeFile, *, first: date | None = None, last: date | None = None) -> Report:
    """The report on a file, on 9 September 2026."""
    with open_published_tables(DataFolder.at(made.folder)) as db:
        return read_report(db, first=first, last=last, now=NOW)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> MadeFile:
    """A hundred days from 1 June 2026, every section filled, every name an odd one."""
    return full(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session")
def odd_page(odd: MadeFile) -> Path:
    """Its report, as a file."""
    path = odd.folder / "odd.html"
    path.write_text(render_page(read(odd)), encoding="utf-8")
    return path
