"""Boards of files made by hand: odd names, tables that are not configured or not there, days that are not complete."""

from datetime import date

import duckdb
import pytest
from support.made_file import MARKUP, ODD_NAMES, MadeFile
from unit.dashboard.conftest import DIMENSION, given, page

from mixpanel_data._internal.dashboard.page import board_pieces, page_head
from mixpanel_data._internal.dashboard.parts import Board, Chart, Note, Tiles
from mixpanel_data._internal.dashboard.reading import ALL_USERS, publication, read_choices
from mixpanel_data._internal.dashboard.view import Segment

TITLES = ["Company KPIs", "User lifecycle", "Feature launch", "Experiments", "Data quality"]


def notes(board: Board, kind: str = "configure") -> str:
    return " ".join(
        part.text
        for section in board.sections
        for part in section.parts
        if isinstance(part, Note) and part.kind == kind
    )


def charts(board: Board) -> list[Chart]:
    return [part for section in board.sections for part in section.parts if isinstance(part, Chart)]


def figures(board: Board) -> dict[str, str]:
    return {
        tile.label: tile.figure
        for section in board.sections
        for part in section.parts
        if isinstance(part, Tiles)
        for tile in part.tiles
    }


def test_every_board_has_something_of_every_table(odd: MadeFile) -> None:
    found = page(odd, sign_up=ODD_NAMES[1], value_moment=ODD_NAMES[3], feature=ODD_NAMES[4])

    assert [board.title for board in found.boards] == TITLES
    assert [notes(board) for board in found.boards] == [""] * 5
    assert all(charts(board) for board in found.boards)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_are_text_wherever_they_are(odd: MadeFile, name: str) -> None:
    segment = Segment(DIMENSION, name)
    found = page(odd, segment=segment, sign_up=name, value_moment=name, feature=name)
    pieces = [piece for board in found.boards for piece in board_pieces(board)]
    html = "".join(piece for piece in pieces if isinstance(piece, str))
    html += page_head(found.title, found.days, found.notes)

    assert figures(found.boards[0])["Users who signed up"].isdigit()
    assert "<script" not in html
    assert "<img" not in html
    assert "\x01" not in html
    if name == MARKUP:
        assert "&lt;script&gt;document.title = &#x27;owned&#x27;&lt;/script&gt;" in html


def test_users_of_a_segment_are_counted_alone(odd: MadeFile) -> None:
    """Event 0 is done by 40 users, of whom u3 alone has the fourth plan."""
    everyone = page(odd, sign_up=ODD_NAMES[0]).boards[0]
    one = page(odd, segment=Segment(DIMENSION, ODD_NAMES[3]), sign_up=ODD_NAMES[0]).boards[0]

    assert figures(everyone)["Users who signed up"] == "40"
    assert figures(one)["Users who signed up"] == "1"


def test_a_board_that_is_not_configured_names_the_variable_and_has_no_chart(
    odd: MadeFile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = tmp_path_factory.mktemp("bare") / "mixpanel.duckdb"
    bare.write_bytes(odd.path.read_bytes())
    with duckdb.connect(bare) as db:
        for table in ("experiment_variants", "experiment_results", "impacts", "revenue_periods"):
            db.execute(f"delete from {table}")
    kpis, _, launch, experiments, _ = page(MadeFileAt(bare)).boards

    assert "--sign-up" in notes(kpis)
    assert "--value-moment" in notes(kpis)
    assert "variable revenue" in notes(kpis)
    assert [chart.title for chart in charts(kpis)] == ["Active users"]
    assert "variable impacts" in notes(launch)
    assert "variable experiments" in notes(experiments)
    assert "variable experiment_metrics" in notes(experiments)
    assert charts(experiments) == []


class MadeFileAt:
    """A file that is there."""

    def __init__(self, path):
        self.path, self.folder = path, path.parent


def test_days_that_are_not_complete_or_missing_are_named(odd: MadeFile, tmp_path) -> None:
    path = tmp_path / "mixpanel.duckdb"
    path.write_bytes(odd.path.read_bytes())
    with duckdb.connect(path) as db:
        db.execute(
            "update daily_active_users set dau = null, is_partial = true where event_date = '2026-06-12'"
        )
    found = page(MadeFileAt(path), sign_up=ODD_NAMES[1])

    assert found.notes == (
        "1 day is not complete (10 Jul 2026): numbers that include it can rise.",
        "1 day is missing (12 Jun 2026): nothing is known of it, which is not zero.",
    )
    [bars] = [chart for chart in charts(found.boards[0]) if "by week" in chart.title]
    rows = bars.spec["data"]["values"]
    assert [row["start"] for row in rows if row["partial"]] == ["2026-06-08", "2026-07-06"]


def test_an_empty_publication_says_what_to_do(empty: MadeFile) -> None:
    found = page(empty)

    assert (found.boards, found.reason) == (
        (),
        "The published file has no days yet: mp sync fetches them.",
    )
    assert read_choices(given(empty)).days is None


def test_a_file_of_an_older_version_lacks_sections_only(odd: MadeFile, tmp_path) -> None:
    path = tmp_path / "mixpanel.duckdb"
    path.write_bytes(odd.path.read_bytes())
    with duckdb.connect(path) as db:
        for table in ("users", "impacts", "experiment_results", "active_users_by_segment"):
            db.execute(f"drop table {table}")
        db.execute("alter table lifecycle drop column dormant_users")
    found = page(MadeFileAt(path), feature=ODD_NAMES[1])

    assert [board.title for board in found.boards] == TITLES
    assert "This file has no table users. The next mp sync builds it." in notes(found.boards[1])
    assert "The tables lifecycle have other columns here" in notes(found.boards[1])
    assert "no table impacts" in notes(found.boards[2])
    assert list(read_choices(given(MadeFileAt(path))).segments) == [ALL_USERS]


def test_the_filters_offer_what_the_file_has(odd: MadeFile) -> None:
    choices = read_choices(given(odd, value_moment=ODD_NAMES[4]))

    assert [str(choices.days.first), str(choices.days.last)] == ["2026-06-01", "2026-07-10"]
    assert list(choices.features.values()) == list(ODD_NAMES)
    assert choices.feature == ODD_NAMES[4]
    assert choices.segments[ALL_USERS] is None
    assert {segment.value for segment in choices.segments.values() if segment} == set(ODD_NAMES)


def test_the_next_publication_is_read(odd: MadeFile, tmp_path) -> None:
    path, made = tmp_path / "mixpanel.duckdb", MadeFileAt(tmp_path / "mixpanel.duckdb")
    path.write_bytes(odd.path.read_bytes())
    before, old = publication(given(made)), page(made).notes
    following = tmp_path / "next.duckdb"
    following.write_bytes(odd.path.read_bytes())
    with duckdb.connect(following) as db:
        db.execute("update daily_active_users set is_partial = false")
    following.replace(path)

    assert publication(given(made)) != before
    assert (len(old), page(made).notes) == (1, ())


def test_a_file_that_is_gone_or_has_other_days_is_a_reason_not_an_error(
    odd: MadeFile, tmp_path
) -> None:
    path, made = tmp_path / "mixpanel.duckdb", MadeFileAt(tmp_path / "mixpanel.duckdb")

    assert "mp sync" in page(made).reason
    assert publication(given(made)) is None
    path.write_bytes(odd.path.read_bytes())
    assert "None of the requested days" in page(made, first="2030-01-01").reason


def test_what_was_chosen_stays_as_far_as_the_next_publication_has_it(odd: MadeFile) -> None:
    choices = read_choices(given(odd))
    june, later = date(2026, 6, 20), date(2026, 8, 1)
    segment = Segment(DIMENSION, ODD_NAMES[3])

    assert choices.days_in(None) == (date(2026, 6, 1), date(2026, 7, 10))
    assert choices.days_in((june, later)) == (june, date(2026, 7, 10))
    assert choices.days_in((later, later)) == (date(2026, 6, 1), date(2026, 7, 10))
    assert choices.label_of_segment(segment) == segment.label
    assert choices.label_of_segment(Segment("gone", "x")) == ALL_USERS
    assert choices.label_of_feature(ODD_NAMES[2]) == "$ae_session"
    assert choices.label_of_feature("gone") is None
