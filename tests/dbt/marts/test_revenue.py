"""Revenue against plain Python: exact amounts, ARPU, lifetime value, and what moves from month to month."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb
import pytest
from support.marts import known, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
SALES = {"Paid", "paid", "Search"}
Payments = list[tuple[str, str, str | None, date, Decimal | None]]
FIRSTS = {
    "day": lambda day: day,
    "week": lambda day: day - day.weekday() * DAY,
    "month": lambda day: day.replace(day=1),
}


def amount_of(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


@pytest.fixture
def payments(seen: list[plain.Seen]) -> Payments:
    """Each event of an entry: revenue, currency, user, day and amount."""
    found: Payments = []
    for event in seen:
        of = event.properties
        if event.name in SALES:
            currency = of.get("pl'an / $tier.x") or "(not set)"
            found.append(("sales", currency, event.user, event.day, amount_of(of.get("price"))))
        if event.name in {"Search", "Hidden"}:
            sent = amount_of(of.get("mp_processing_time_ms"))
            found.append(("searching", "(not set)", event.user, event.day, sent))
    return found


def known_periods(unit: str) -> list[date]:
    # the last hours of a day of UTC are the next day in Berlin
    days = {*shop.DAYS, *(day + DAY for day in shop.DAYS)}
    return sorted({FIRSTS[unit](day) for day in days if COVERAGE.touches(day)})


def test_amounts_of_users_and_days_are_exact(db: DB, payments: Payments) -> None:
    found = db.execute(
        "select revenue, currency, user_id, event_date, amount, event_count, events_without_amount from user_revenue_days"
    ).fetchall()

    sums: dict[object, list[Decimal | None]] = defaultdict(list)
    for *key, amount in payments:
        sums[tuple(key)].append(amount)
    assert {row[:4]: row[4:] for row in found} == {
        key: (sum((a for a in amounts if a), Decimal()), len(amounts), amounts.count(None))
        for key, amounts in sums.items()
    }
    assert len(found) == len(sums)
    assert any(row[2] is None for row in found)
    assert any(row[6] for row in found)


def test_periods_have_revenue_per_active_and_per_paying_user(
    db: DB, payments: Payments, seen: list[plain.Seen]
) -> None:
    found = db.execute("select * from revenue_periods").fetchall()

    by_series: dict[object, Payments] = defaultdict(list)
    for payment in payments:
        by_series[payment[:2]].append(payment)
    days = plain.users_of(seen)
    expected = {}
    for (revenue, currency), all_of_it in by_series.items():  # type: ignore[misc]
        for unit, first in FIRSTS.items():
            start = min(first(payment[3]) for payment in all_of_it)
            for period in known_periods(unit):
                if period < start:
                    continue
                own = [payment for payment in all_of_it if first(payment[3]) == period]
                of_users: Counter[str] = Counter()
                for *_, user, _, amount in own:
                    if user is not None:
                        of_users[user] += amount or Decimal()  # type: ignore[assignment]
                paying = sum(amount > 0 for amount in of_users.values())
                active = len(set().union(*(u for day, u in days.items() if first(day) == period)))
                expected[revenue, currency, unit, period] = (
                    sum((payment[4] or Decimal() for payment in own), Decimal()),
                    sum(of_users.values(), Decimal()),
                    len(own),
                    paying,
                    active,
                    pytest.approx(float(sum(of_users.values())) / active) if active else None,
                    pytest.approx(float(sum(of_users.values())) / paying) if paying else None,
                )
    shown = {row[:4]: row[4:-1] for row in found if row[4] is not None}
    assert shown == expected
    for *_, unit, start, _, _, _, _, _, _, _, is_partial in found:
        ends = {
            "day": start,
            "week": start + 6 * DAY,
            "month": (start + 31 * DAY).replace(day=1) - DAY,
        }
        assert is_partial != COVERAGE.days(start, ends[unit]), (unit, start)


def test_cohorts_have_what_users_paid_since_they_came(
    db: DB, payments: Payments, seen: list[plain.Seen]
) -> None:
    found = db.execute(
        "select revenue, currency, cohort_month, month_number, cohort_size, paying_users, amount, amount_so_far, ltv "
        "from revenue_cohorts"
    ).fetchall()

    came: dict[str, date] = {}
    paid_on = [(user, day) for _, _, user, day, _ in payments]
    seen_on = [(e.user, e.day) for e in seen if e.name not in plain.HIDDEN]
    for user, day in [*paid_on, *seen_on]:
        if user is not None:
            came[user] = min(day, came.get(user, day))
    sizes = Counter(day.replace(day=1) for day in came.values())
    months = [date(2026, month, 1) for month in range(1, 13)]
    last = max(day for day in shop.DAYS if COVERAGE.touches(day)).replace(day=1)
    expected = []
    for revenue, currency in {payment[:2] for payment in payments if payment[2] is not None}:
        for cohort, size in sizes.items():
            so_far = Decimal()
            for number, month in enumerate(m for m in months if cohort <= m <= last):
                users: dict[str, Decimal] = defaultdict(Decimal)
                for *series, user, day, amount in payments:
                    if series != [revenue, currency] or user is None:
                        continue
                    if came[user].replace(day=1) == cohort and day.replace(day=1) == month:
                        users[user] += amount or 0
                so_far += sum(users.values(), Decimal())
                expected.append(
                    (
                        *(revenue, currency, cohort, number, size),
                        sum(amount > 0 for amount in users.values()),
                        sum(users.values(), Decimal()),
                        so_far,
                        pytest.approx(float(so_far) / size),
                    )
                )
    assert len(sizes) > 1
    assert sorted(found) == sorted(expected)


def test_movements_explain_each_month_by_the_one_before(db: DB, payments: Payments) -> None:
    found = db.execute(
        "select revenue, currency, month_start, opening_amount, new_amount, reactivation_amount, upgrade_amount, "
        "downgrade_amount, churn_amount, closing_amount, new_users, churn_users from revenue_movements"
    ).fetchall()

    values: dict[Any, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for revenue, currency, user, day, amount in payments:
        if user is not None:
            values[revenue, currency, user][day.replace(day=1)] += amount or 0
    months = known_periods("month")
    expected = {}
    for series in {key[:2] for key in values}:
        users = {k: v for k, v in values.items() if k[:2] == series}
        before: dict[Any, Decimal] = {}
        ever: set[Any] = set()
        for month in months:
            now = {user: v[month] for user, v in users.items() if v.get(month, 0) > 0}
            changes = {u: now.get(u, Decimal()) - before.get(u, Decimal()) for u in {*now, *before}}
            both = now.keys() & before.keys()
            expected[*series, month] = (
                sum(before.values(), Decimal()),
                sum((now[u] for u in now.keys() - ever), Decimal()),
                sum((now[u] for u in (now.keys() & ever) - before.keys()), Decimal()),
                sum((changes[u] for u in both if changes[u] > 0), Decimal()),
                -sum((changes[u] for u in both if changes[u] < 0), Decimal()),
                sum((before[u] for u in before.keys() - now.keys()), Decimal()),
                sum(now.values(), Decimal()),
                len(now.keys() - ever),
                len(before.keys() - now.keys()),
            )
            before, ever = now, ever | now.keys()
    shown = {row[:3]: row[3:] for row in found}
    for key, numbers in shown.items():
        assert numbers == expected[key], key
        opening, new, reactivated, up, down, churned, closing, *_ = numbers
        assert opening + new + reactivated + up - down - churned == closing
    assert all(key in shown for key, numbers in expected.items() if any(numbers))


def test_users_have_their_revenue_in_a_currency(db: DB, payments: Payments) -> None:
    found = db.execute("select user_id, revenue, revenue_currency from users").fetchall()

    by_user: dict[str | None, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for revenue, currency, user, _, amount in payments:
        if revenue == "sales":
            by_user[user][currency] += amount or 0
    for user, revenue, currency in found:
        amounts = by_user.get(user, {})
        if len(amounts) == 1:
            assert (revenue, currency) == (next(iter(amounts.values())), next(iter(amounts)))
        else:
            assert (revenue, currency) == (None if amounts else 0, None)
    counts = {len(by_user.get(user, {})) for user, *_ in found}
    assert counts >= {0, 1}
    assert max(counts) > 1
