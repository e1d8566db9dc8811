"""What reports count: deduplication, identity and the project's calendar, by the examples of the definitions page."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.sandbox_project import TODAY, running_project

from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.query.facts import facts_of


def _at(hour: int, minute: int = 0, day: int = 4) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def _facts(dataset: Dataset, **settings: Any):
    return facts_of(Sandbox(dataset, today=TODAY, **settings).project).all


def _add(dataset: Dataset, at: datetime, insert_id: str | None = "i", **properties: Any) -> None:
    event = properties.pop("event", "E")
    who = properties.pop("distinct_id", "u")
    dataset.add_event(event, at, distinct_id=who, insert_id=insert_id, **properties)


def test_k1_of_equal_four_part_keys_the_later_processed_counts():
    dataset = Dataset.empty()
    _add(dataset, _at(10), mp_processing_time_ms=2, **{"$city": "new"})
    _add(dataset, _at(10), mp_processing_time_ms=1, **{"$city": "old"})

    assert [fact.properties["$city"] for fact in _facts(dataset)] == ["new"]


def test_k2_events_without_insert_id_are_never_merged():
    dataset = Dataset.empty()
    _add(dataset, _at(10), insert_id=None)
    _add(dataset, _at(10), insert_id=None)

    assert len(_facts(dataset)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"at": _at(18)},  # K3: another time of the same day
        {"at": _at(0, 1, day=5)},  # K4
        {"distinct_id": "v"},  # K5
        {"event": "F"},
        {"event": "e"},
        {"insert_id": "I"},
    ],
    ids=["K3", "K4", "K5 user", "K5 name", "K5 case of the name", "K5 case of the id"],
)
def test_k3_to_k5_other_keys_are_other_events(other):
    dataset = Dataset.empty()
    _add(dataset, _at(10))
    _add(dataset, **({"at": _at(10)} | other))

    assert len(_facts(dataset)) == 2


def test_a_rewritten_row_is_the_same_event_as_the_row_before():
    dataset = Dataset.empty()
    _add(dataset, _at(10), distinct_id="$device:D")
    _add(dataset, _at(10), distinct_id="U", **{"$distinct_id_before_identity": "$device:D"})

    assert [fact.user for fact in _facts(dataset)] == ["U"]


def _users(*events: dict[str, Any]) -> list[str | None]:
    """Who did each of the events, which happen one minute after the other."""
    dataset = Dataset.empty()
    for minute, properties in enumerate(events):
        dataset.add_event("E", _at(10, minute), **properties)
    return [fact.user for fact in _facts(dataset)]


def _sent(device: str | None = None, user: str | None = None) -> dict[str, Any]:
    """An event as a simplified project stores it."""
    ids = {"$device_id": device, "$user_id": user}
    stored = user or f"$device:{device}"
    return {"distinct_id": stored} | {k: v for k, v in ids.items() if v is not None}


@pytest.mark.parametrize(
    ("events", "users"),
    [
        ([_sent("D1"), _sent("D1")], ["$device:D1"] * 2),
        ([_sent("D1"), _sent("D1"), _sent("D1", "U1")], ["U1"] * 3),
        (
            [_sent(device, user) for device in ("D1", "D2") for user in (None, None, "U1")],
            ["U1"] * 6,
        ),
        (
            [_sent("D1"), _sent("D1", "U1"), _sent("D2"), _sent("D2"), _sent("D2", "U2")],
            ["U1", "U1", "U2", "U2", "U2"],
        ),
        ([_sent("anonymous111", "charlie")], ["charlie"]),
        ([_sent("anonymous111")], ["$device:anonymous111"]),
        (
            [{"distinct_id": "charlie"}, {"distinct_id": "$device:anonymous111"}],
            ["charlie", "$device:anonymous111"],
        ),
        (
            [_sent("+6512345678", "charlie"), _sent(user="+6512345678")],
            ["charlie", "+6512345678"],
        ),
        ([_sent("anonymous222"), _sent("anonymous222", "taylor")], ["taylor"] * 2),
        ([_sent("123", "charlie"), _sent("ABC", "charlie")], ["charlie"] * 2),
        ([_sent("D", "U51"), _sent("D", "U52"), _sent("D")], ["U51", "U52", "U51"]),
    ],
    ids=["U1 before", "U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9", "U10"],
)
def test_u1_to_u10_devices_belong_to_the_user_seen_with_them_first(events, users):
    assert _users(*events) == users


@pytest.mark.parametrize("ids", [{"distinct_id": ""}, {"distinct_id": None}, {}])
def test_u11_an_empty_id_is_no_user(project, ids):
    project.dataset.add_event("E", _at(10), **ids)
    project.dataset.add_event("E", _at(10), **ids)

    assert project.ask("/segmentation", event="E")["data"]["values"] == {"E": {"2026-03-04": 2}}
    assert project.ask("/segmentation", event="E", type="unique")["data"]["values"] == {}


def test_ids_that_are_numbers_are_texts():
    assert _users({"distinct_id": 4}, {"distinct_id": "4"}) == ["4", "4"]


@pytest.mark.parametrize(
    ("settings", "day", "instant"),
    [
        ({}, "2026-03-05", _at(4, day=5)),
        ({"timezone": "America/New_York"}, "2026-03-04", _at(4, day=5)),
        ({"timezone": "Asia/Tokyo"}, "2026-03-05", _at(4, day=5)),
        (
            {"timezone": "America/New_York", "time_basis": "project"},
            "2026-03-05",
            _at(9, day=5),
        ),
    ],
)
def test_days_are_of_the_projects_zone_and_durations_of_real_time(settings, day, instant):
    dataset = Dataset.empty()
    _add(dataset, _at(4, day=5))

    (fact,) = _facts(dataset, **settings)

    assert str(fact.day) == day
    assert fact.instant_ms == instant.timestamp() * 1000


def test_a_report_follows_the_time_zone_and_an_export_does_not():
    with running_project(timezone="America/Los_Angeles") as project:
        project.did("E", "2026-03-05 03:00")
        day = {"from_date": "2026-03-05", "to_date": "2026-03-05"}

        assert project.ask("/segmentation", event="E", **day)["data"]["values"] == {}
        assert project.client.get("/api/2.0/export", params=day).text.count("\n") == 1


def test_summer_time_makes_a_day_of_23_hours():
    with running_project(timezone="Europe/Berlin") as project:
        project.did("E", "2026-03-28 23:00")
        project.did("E", "2026-03-29 21:59")
        project.did("E", "2026-03-29 22:00")
        days = {"from_date": "2026-03-28", "to_date": "2026-03-30"}

        values = project.ask("/segmentation", event="E", **days)["data"]["values"]

    assert values == {"E": {"2026-03-29": 2, "2026-03-30": 1}}


def test_a_change_is_seen_by_the_next_answer_and_not_by_a_copy(project):
    project.did("E", "2026-03-04 10:00")
    with running_project(project.dataset.copy()) as twin:
        assert twin.ask("/segmentation", event="E")["data"]["values"]["E"] == {"2026-03-04": 1}
        project.did("E", "2026-03-04 11:00")

        assert project.ask("/segmentation", event="E")["data"]["values"]["E"] == {"2026-03-04": 2}
        assert twin.ask("/segmentation", event="E")["data"]["values"]["E"] == {"2026-03-04": 1}

        project.dataset.remove_events(lambda event: event.name == "E")
        assert project.ask("/segmentation", event="E")["data"]["values"] == {}


def test_the_sample_has_as_many_facts_and_users_as_sql_finds(sample_project, sql):
    facts = facts_of(sample_project.sandbox.project).all

    assert sql.execute("select count(*), count(distinct who) from facts").fetchone() == (
        len(facts),
        len({fact.user for fact in facts} - {None}),
    )
    assert len(facts) < len(list(sample_project.dataset.events()))
