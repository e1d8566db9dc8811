"""All boards, in the order in which they are shown."""

from collections.abc import Callable

from mixpanel_data._internal.dashboard.boards.experiments import experiment_board
from mixpanel_data._internal.dashboard.boards.kpis import kpi_board
from mixpanel_data._internal.dashboard.boards.launch import launch_board
from mixpanel_data._internal.dashboard.boards.lifecycle import lifecycle_board
from mixpanel_data._internal.dashboard.boards.quality import quality_board
from mixpanel_data._internal.dashboard.parts import Board
from mixpanel_data._internal.dashboard.view import View
from mixpanel_data._internal.html_report.published_tables import PublishedTables

BOARDS: tuple[Callable[[PublishedTables, View], Board], ...] = (
    kpi_board,
    lifecycle_board,
    launch_board,
    experiment_board,
    quality_board,
)


def read_boards(db: PublishedTables, view: View) -> tuple[Board, ...]:
    """Read all boards, of one publication."""
    return tuple(read(db, view) for read in BOARDS)
