"""The dashboard's app over a file that dbt built: its numbers are those of plain Python."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.marts import plain, shop

from mixpanel_data._internal.dashboard.app import app
from mixpanel_data._internal.dashboard.parts import Board, Note, Tiles
from mixpanel_data._internal.dashboard.reading import Given, read_page
from mixpanel_data._internal.dashboard.view import Segment
from mixpanel_data._internal.data_folder.paths import DataFolder

WEEK = timedelta(days=7)
SIGN_UP, VALUE_MOMENT, FEATURE = "Page View", "Paid", "Search"
Seen = list[plain.Seen]


@pytest.fixture(scope="module")
def given(by_loads: Path, tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = DataFolder.at(tmp_path_factory.mktemp("dashboard"))
    folder.published.symlink_to(by_loads / "build" / "dbt.duckdb")
    return Given(
        str(folder.root), sign_up=SIGN_UP, value_moment=VALUE_MOMENT, feature=FEATURE, static=True
    )


@pytest.fixture(scope="module")
def ran(given: Given) -> tuple[Any, Mapping[str, Any]]:
    """What the cells of the app show, and what they define."""
    return app.run(defs={"given": given})


@pytest.fixture(scope="module")
def boards(ran: tuple[Any, Mapping[str, Any]]) -> tuple[Board, ...]:
    boards: tuple[Board, ...] = ran[1]["found"].boards
    return boards


def figures(board: Board, title: str) -> dict[str, str]:
    """The tiles of a section: label and figure."""
    return {
        tile.label: tile.figure
        for section in board.sections
        if section.title == title
        for part in section.parts
        if isinstance(part, Tiles)
        for tile in part.tiles
    }


def users_of(seen: Seen, event: str) -> set[str]:
    return {each.user for each in seen if each.name == event and each.user}


def test_every_section_is_there_and_shown(
    ran: tuple[Any, Mapping[str, Any]], boards: tuple[Board, ...]
) -> None:
    reasons = [
        part.text
        for board in boards
        for section in board.sections
        for part in section.parts
        if isinstance(part, Note) and part.kind == "configure"
    ]
    shown = "".join(getattr(each, "text", "") for each in ran[0] if each is not None)

    assert reasons == []
    for board in boards:
        assert f"<h2>{board.title}</h2>" in shown
    assert shown.count("vnd.vegalite") > 10


def test_sign_ups_and_value_moments_are_those_of_the_events(
    boards: tuple[Board, ...], seen: Seen
) -> None:
    times = sum(1 for each in seen if each.name == VALUE_MOMENT and each.user)
    users = users_of(seen, VALUE_MOMENT)

    assert figures(boards[0], "Sign-ups")["Users who signed up"] == str(
        len(users_of(seen, SIGN_UP))
    )
    assert figures(boards[0], "Value moments") == {
        "Value moments": str(times),
        "Users with one": str(len(users)),
        "Value moments per user": f"{times / len(users):.1f}",
    }


def test_activation_is_a_value_moment_within_seven_days_after_the_first_sign_up(
    boards: tuple[Board, ...], seen: Seen
) -> None:
    signed: dict[str, datetime] = {}
    for each in seen:  # in order of time
        if each.name == SIGN_UP and each.user:
            signed.setdefault(each.user, each.time)
    activated = {
        each.user
        for each in seen
        if each.name == VALUE_MOMENT
        and each.user in signed
        and signed[each.user] <= each.time <= signed[each.user] + WEEK
    }
    closed = {user for user, at in signed.items() if at + WEEK <= _known_until(at)}
    share = len(activated & closed) / len(closed)

    found = figures(boards[0], "Sign-ups")
    assert found["For the first time"] == str(len(signed))
    assert found["Activated within 7 days"] in (f"{share:.1%}", f"{share:.0%}")
    assert found["Still open"] == str(len(signed) - len(closed))
    assert 0 < len(activated & closed) < len(closed) < len(signed)


def test_use_of_a_feature_and_of_a_segment_of_events(given: Given, seen: Seen) -> None:
    """The dimension `page` is the column current_url of the event itself."""
    pages = {each.properties.get("$current_url") for each in seen if each.name == FEATURE}
    value = sorted(page for page in pages if page)[0]
    of_page = [each for each in seen if each.properties.get("$current_url") == value]
    board = read_page(given, segment=Segment("page", value), feature=FEATURE).boards[2]
    found = figures(board, f"Use of {FEATURE}")
    active = {each.user for each in of_page if each.name != "Hidden" and each.user}

    assert found["Users"] == str(len(users_of(of_page, FEATURE)))
    assert found["Share of active users"] in (
        f"{len(users_of(of_page, FEATURE)) / len(active):.1%}",
        f"{len(users_of(of_page, FEATURE)) / len(active):.0%}",
    )


def test_filters_by_days_count_those_days_only(given: Given, seen: Seen) -> None:
    first, last = shop.DAYS[2], shop.DAYS[5]
    within = [each for each in seen if first <= each.day <= last]
    page = read_page(given, span=(first, last), feature=FEATURE)

    assert figures(page.boards[0], "Value moments")["Users with one"] == str(
        len(users_of(within, VALUE_MOMENT))
    )
    assert _active_on(seen, last) == figures(page.boards[0], "Active users")["Daily users"]


def _active_on(seen: Seen, day: date) -> str:
    return str(
        len({each.user for each in seen if each.day == day and each.name != "Hidden" and each.user})
    )


def _known_until(at: datetime) -> datetime:
    """When what is known from the begin of the day of ``at`` ends; days are loaded in UTC."""
    day = at.replace(tzinfo=UTC).astimezone(plain.ZONE).date()
    known = datetime.combine(day, time(), plain.ZONE).astimezone(UTC).date()
    if known not in shop.DAYS:
        return datetime(1, 1, 1)
    while known in shop.DAYS:
        known += timedelta(days=1)
    return datetime.combine(known, time())
