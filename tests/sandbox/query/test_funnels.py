"""/funnels: the examples F1 to F17 of the definitions page that the API can show, and the sample against SQL."""

from datetime import datetime, timedelta

import pytest
from support.sandbox_project import RANGE, SandboxProject, ask

from mixpanel_data.sandbox.query.attempts import Attempt
from mixpanel_data.sandbox.query.conversions import result
from mixpanel_data.sandbox.query.facts import Fact
from mixpanel_data.sandbox.saved import Funnel, Step

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
MONTH = {"interval": 31}


def _save(project: SandboxProject, steps: str | list[str], **settings) -> None:
    """The funnel 1 of single-letter steps, or of names."""
    funnel = Funnel(1, "F", tuple(Step((name,)) for name in steps), **settings)
    project.dataset.saved.funnels.append(funnel)


def _did_all(
    project: SandboxProject, stream: str, start: str = "2026-03-04 12:00", minutes: int = 1
) -> None:
    """One event for each letter, so many minutes apart."""
    moment = datetime.fromisoformat(start)
    for letter in stream:
        project.did(letter, moment.isoformat())
        moment += timedelta(minutes=minutes)


def _counts(project: SandboxProject, **params) -> list[int]:
    """How many users reached each step, over the whole of March."""
    answer = project.ask("/funnels", funnel_id=1, **MONTH, **params)
    (date,) = answer["meta"]["dates"]
    return [step["count"] for step in answer["data"][date]["steps"]]


def _by_segment(project: SandboxProject, **params) -> dict[str, list[int]]:
    data = project.ask("/funnels", funnel_id=1, **MONTH, **params)["data"]["2026-03-01"]
    return {name: [step["count"] for step in part["steps"]] for name, part in data.items()}


def test_f1_the_window_begins_with_the_first_a(project):
    _save(project, "ABC", length=1, length_unit="hour")
    for event, at in (("A", "13:00"), ("A", "13:30"), ("B", "13:45"), ("C", "14:15")):
        project.did(event, f"2026-03-04 {at}")

    assert _counts(project) == [1, 1, 0]


@pytest.mark.parametrize(
    ("stream", "reached"),
    [("ABCDE", 5), ("ABFCDE", 5), ("ABDCDE", 5), ("ABCE", 3)],
    ids=["F2a", "F2b", "F2c", "F2d"],
)
def test_f2_other_events_may_lie_between(project, stream, reached):
    _save(project, "ABCDE")
    _did_all(project, stream)

    assert _counts(project) == [1] * reached + [0] * (5 - reached)


def test_f4_only_the_first_attempt_of_a_user_decides(project):
    _save(project, "AB", length=1, length_unit="hour")
    for event, at in (("A", "10:00"), ("A", "12:00"), ("B", "12:10")):
        project.did(event, f"2026-03-04 {at}")

    assert _counts(project) == [1, 0]


def test_f5_a_second_step_1_in_the_window_is_ignored(project):
    _save(project, "AB", length=1, length_unit="hour")
    for event, at in (("A", "10:00"), ("A", "10:50"), ("B", "11:10")):
        project.did(event, f"2026-03-04 {at}")

    assert _counts(project) == [1, 0]


def test_f6_f7_time_runs_from_the_first_step_1(project):
    _save(project, "AB")
    _did_all(project, "AAABAB")

    second = project.ask("/funnels", funnel_id=1, **MONTH)["data"]["2026-03-01"]["steps"][1]

    assert (second["count"], second["avg_time"], second["avg_time_from_start"]) == (1, 180, 180)


def test_f8_a_breakdown_counts_a_user_once_in_each_value_of_step_1(project):
    _save(project, ["Browse", "Add"])
    project.did("Browse", "2026-03-04 10:00", item="shirt")
    project.did("Browse", "2026-03-04 10:01", item="jeans")
    project.did("Add", "2026-03-04 10:02", item="shirt")
    project.did("Browse", "2026-03-04 10:03", item="shoes")

    assert _by_segment(project, on='properties["item"]') == {
        "$overall": [1, 1],
        "shirt": [1, 1],
        "shoes": [1, 0],
    }


def test_f9_a_filter_decides_which_events_there_are(project):
    def save(*wheres):
        names = ("View", "Add", "Purchase")
        steps = tuple(Step((n,), where=w) for n, w in zip(names, wheres, strict=True))
        project.dataset.saved.funnels[:] = [Funnel(1, "F", steps, length=1, length_unit="hour")]

    safari = 'properties["browser"] == "Safari"'
    project.did("View", "2026-03-04 10:00", browser="Chrome")
    project.did("View", "2026-03-04 11:30", browser="Safari")
    project.did("Add", "2026-03-04 11:40", browser="Safari")
    project.did("Purchase", "2026-03-04 11:50")

    save(None, None, None)
    assert _counts(project) == [1, 0, 0]
    save(safari, None, None)
    assert _counts(project) == [1, 1, 1]
    save(safari, safari, safari)
    assert _counts(project) == [1, 1, 0]


def test_f10_where_filters_every_step(project):
    _save(project, ["Search", "Item", "Add", "Buy"], length=1)
    stream = (("Search", "S"), ("Item", "C"), ("Add", "S"), ("Item", "S"), ("Add", "C"))
    for minute, (event, browser) in enumerate(stream):
        project.did(event, f"2026-03-04 10:{minute:02}", browser=browser)
    project.did("Buy", "2026-03-04 10:30", browser="S")

    assert _counts(project, where='properties["browser"] == "S"') == [1, 1, 0, 0]


@pytest.mark.parametrize(("seconds", "converted"), [(1, 1), (2, 1), (3, 0)])
def test_f12_steps_within_two_seconds_are_in_either_order(project, seconds, converted):
    _save(project, "AB")
    project.did("B", "2026-03-04 10:00:00")
    project.did("A", f"2026-03-04 10:00:0{seconds}")

    assert _counts(project) == [1, converted]


def test_f13_a_repeated_step_1_is_one_entry(project):
    _save(project, "AB")
    _did_all(project, "AAB")

    assert _counts(project) == [1, 1]


def test_a_repeated_step_needs_an_event_of_its_own(project):
    _save(project, "AAA")
    _did_all(project, "AA")

    assert _counts(project) == [1, 1, 0]


def test_f15_ratios():
    facts = [Fact(name, 0, 0, "u", {}) for name in "AB"]
    funnel = Funnel(1, "F", (Step(("A",)), Step(("B",))))

    def second(converted: int, entered: int) -> float:
        both, one = Attempt(facts, [0, 0]), Attempt(facts[:1], [0])
        steps = result(funnel, [both] * converted + [one] * (entered - converted))["steps"]
        ratio: float = steps[1]["step_conv_ratio"]
        return ratio

    assert second(20_524, 32_688) == pytest.approx(0.627875673029858)
    assert second(20_809, 32_486) == pytest.approx(0.6405528535369082)


def test_f16_a_conversion_belongs_to_the_day_of_entry(project):
    _save(project, "AB", length=30)
    project.did("A", "2025-12-25 10:00")
    project.did("B", "2026-01-03 10:00")

    dates = {"from_date": "2025-12-24", "to_date": "2025-12-26"}
    data = project.ask("/funnels", funnel_id=1, **dates)["data"]

    completions = {date: part["analysis"]["completion"] for date, part in data.items()}
    assert completions == {
        "2025-12-24": 0,
        "2025-12-25": 1,
        "2025-12-26": 0,
        "$overall": 1,
    }


def test_f17_who_converts_with_two_values_converts_in_both_and_once_overall(project):
    _save(project, "AB")
    for minute, (event, item) in enumerate((("A", "hat"), ("B", ""), ("A", "shirt"), ("B", ""))):
        project.did(event, f"2026-03-04 10:{minute:02}", item=item)

    assert _by_segment(project, on='properties["item"]') == {
        "$overall": [1, 1],
        "hat": [1, 1],
        "shirt": [1, 1],
    }


def test_the_end_of_the_window_still_counts(project):
    _save(project, "AB", length=1, length_unit="minute")
    project.did("A", "2026-03-04 10:00:00")
    project.did("B", "2026-03-04 10:01:00")

    assert _counts(project) == [1, 1]
    assert _counts(project, length=59, length_unit="second") == [1, 0]


def test_a_custom_event_is_any_of_its_events(sample_project):
    step = sample_project.ask("/funnels", funnel_id=7003, interval=60, **DATES)["data"][
        "2026-04-06"
    ]["steps"][0]

    assert step["event"] == step["goal"] == "$custom_event:9001"
    assert (step["step_label"], step["custom_event"], step["custom_event_id"]) == (
        "Looked for something",
        True,
        9001,
    )


def _step(sql, earlier: str, table: str, event: str, number: int, window: str) -> None:
    """A table of the users who reached a step, and when: the first event not more than 2 s before the step before it."""
    sql.execute(
        f"""
        create or replace temp table {table} as
        select who, m1, {earlier}.m{number - 1}, min(greatest(moment, m{number - 1})) as m{number}
        from {earlier} join facts using (who)
        where event = '{event}' and moment >= m{number - 1} - interval 2 seconds
            and moment <= m1 + interval {window}
        group by all
        """
    )


@pytest.mark.parametrize(
    ("funnel_id", "events", "window"),
    [
        (7001, ("Product Viewed", "Product Added", "Purchase"), "7 days"),
        (7002, ("Checkout Started", "Payment Info Entered", "Purchase"), "30 minutes"),
    ],
)
def test_the_sample_converts_as_in_sql(shop, sql, funnel_id, events, window):
    first, second, third = events
    sql.execute(
        f"""
        create or replace temp table s1 as
        select who, min(moment) as m1 from facts
        where event = '{first}' and who is not null
            and day between date '2026-04-06' and date '2026-05-17' group by who
        """
    )
    _step(sql, "s1", "s2", second, 2, window)
    _step(sql, "s2", "s3", third, 3, window)
    expected = sql.execute(
        """
        select strftime(s1.m1, '%Y-%m-%d'), count(*), count(m2), count(m3),
            avg(epoch_ms(m2) - epoch_ms(s1.m1)) / 1000, avg(epoch_ms(m3) - epoch_ms(s1.m1)) / 1000
        from s1 left join (select who, m2 from s2) using (who) left join (select who, m3 from s3) using (who)
        group by 1
        """
    ).fetchall()

    data = ask(shop, "/funnels", funnel_id=funnel_id, **DATES)["data"]

    days = {day: part for day, part in data.items() if part["analysis"]["starting_amount"]}
    overall = days.pop("$overall")
    assert {day: [s["count"] for s in part["steps"]] for day, part in days.items()} == {
        day: list(counts) for day, *counts, _, _ in expected
    }
    assert [step["count"] for step in overall["steps"]] == [
        sum(row[n] for row in expected) for n in (1, 2, 3)
    ]
    for day, *_, to_second, to_third in expected:
        for step, mean in zip(data[day]["steps"][1:], (to_second, to_third), strict=True):
            assert step["avg_time_from_start"] == (
                None if mean is None else pytest.approx(mean, abs=0.51)
            )


def _walked(rows: list[tuple[str, int, str]], names: tuple[str, ...], window_ms: int):
    """One user's attempts, event by event: the value at entry and the steps reached. No steps lie within two seconds."""
    reached, begun, value = 0, 0, ""
    for event, time_ms, product in rows:
        if reached and (reached == len(names) or time_ms > begun + window_ms):
            yield value, reached
            reached = 0
        if event != names[reached]:
            continue
        if reached == 0:
            begun, value = time_ms, product
        reached += 1
    if reached:
        yield value, reached


def test_a_breakdown_of_the_sample_is_that_of_walking_through_it(shop, sql):
    names = ("Product Viewed", "Product Added", "Purchase")
    events: dict[str, list] = {}
    for who, *row in sql.execute(
        """
        select who, event, time_ms, p->>'product' from facts
        where event in ('Product Viewed', 'Product Added', 'Purchase') and who is not null
            and not (event = 'Product Viewed' and day not between date '2026-04-06' and date '2026-05-17')
        order by time_ms
        """
    ).fetchall():
        events.setdefault(who, []).append(tuple(row))
    firsts = {
        (who, value): reached
        for who, rows in events.items()
        for value, reached in reversed(list(_walked(rows, names, 7 * 86_400_000)))
    }
    expected: dict[str, list[int]] = {}
    for (_, value), reached in firsts.items():
        counts = expected.setdefault(value, [0, 0, 0])
        for step in range(reached):
            counts[step] += 1

    asked = {"funnel_id": 7001, "interval": 60, "on": 'properties["product"]'}
    parts = ask(shop, "/funnels", **asked, **DATES)["data"]["2026-04-06"]

    del parts["$overall"]
    assert {value: [step["count"] for step in part["steps"]] for value, part in parts.items()} == (
        expected
    )


def test_segments_have_the_overall_beside_them_and_a_limit(shop):
    plain = ask(shop, "/funnels", funnel_id=7001, interval=60, **DATES)
    asked = {"on": 'properties["$city"]', "limit": 3}
    by_city = ask(shop, "/funnels", funnel_id=7001, interval=60, **asked, **DATES)

    parts = by_city["data"]["2026-04-06"]
    assert next(iter(parts)) == "$overall"
    assert len(parts) == 4
    assert parts["$overall"] == plain["data"]["2026-04-06"]


def test_weeks_and_months_are_other_words_for_7_and_30_days(shop):
    weeks = ask(shop, "/funnels", funnel_id=7001, unit="week", **DATES)
    months = ask(shop, "/funnels", funnel_id=7001, unit="month", **DATES)

    assert weeks == ask(shop, "/funnels", funnel_id=7001, interval=7, **DATES)
    assert weeks["meta"]["dates"][:2] == ["2026-04-06", "2026-04-13"]
    assert months["meta"]["dates"] == ["2026-04-06", "2026-05-06"]


def test_the_list_names_every_funnel(sample_project):
    assert [each["funnel_id"] for each in ask(sample_project.client, "/funnels/list")] == [
        7001,
        7002,
        7003,
        7004,
    ]


def test_an_unknown_funnel_is_a_404_in_json(shop):
    answer = shop.get("/api/query/funnels", params={"funnel_id": "1", **RANGE})

    assert answer.status_code == 404
    assert "1" in answer.json()["error"]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"funnel_id": ""}, "funnel_id"),
        ({"funnel_id": "x"}, "funnel_id"),
        ({"from_date": ""}, "from_date"),
        ({"length": "91"}, "length"),
        ({"length": "2161", "length_unit": "hour"}, "length"),
        ({"length": "0"}, "length"),
        ({"length_unit": "week"}, "length_unit"),
        ({"unit": "hour"}, "unit"),
        ({"interval": "0"}, "interval"),
        ({"on": "x"}, "expression"),
        ({"on": 'properties["x"]', "limit": "10001"}, "limit"),
    ],
)
def test_bad_parameters_are_named(sample_project, params, name):
    assert name in sample_project.refusal("/funnels", **{"funnel_id": "7001", **DATES} | params)
