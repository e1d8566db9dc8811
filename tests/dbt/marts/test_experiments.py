"""Experiments, what the first use of a feature changes, and what goes with a goal, against plain Python."""

import math
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from statistics import NormalDist, fmean, stdev, variance
from typing import Any

import duckdb
import jinja2
import pytest
from dbt.marts.conftest import ROOT
from support.marts import known, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
METRICS = {"searching": {"Search"}, "spending": {"Paid", "paid", "Search"}}
Exposed = dict[tuple[str, str], list[tuple[datetime, str]]]


def t_density(x: float, degrees: float) -> float:
    log = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    height = math.exp(log) / math.sqrt(degrees * math.pi)
    return height * math.pow(1 + x * x / degrees, -(degrees + 1) / 2)


def t_p(t: float, degrees: float, steps: int = 2000) -> float:
    """The two-sided probability, by Simpson's rule."""
    step = abs(t) / steps
    weights = (1 if n in (0, steps) else 4 if n % 2 else 2 for n in range(steps + 1))
    within = sum(w * t_density(n * step, degrees) for n, w in enumerate(weights)) * step / 3
    return 1 - 2 * within


def t_95(degrees: float) -> float:
    low, high = 1.9, 13.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if t_p(middle, degrees) > 0.05 else (low, middle)
    return low


def number_of(value: Any) -> float:
    if isinstance(value, bool) or value is None:
        return 0
    try:
        return float(value)
    except ValueError:
        return 0


def chi_squared_p(statistic: float, degrees: int) -> float:
    """The upper tail, by the series of the incomplete gamma function."""
    half, a = statistic / 2, degrees / 2
    term = total = 1 / a
    for n in range(1, 400):
        term *= half / (a + n)
        total += term
    return 1 - total * math.exp(-half + a * math.log(half) - math.lgamma(a))


def test_closed_forms_are_near_the_distributions() -> None:
    source = (ROOT / "dbt/macros/statistics.sql").read_text(encoding="utf-8")
    macros: Any = jinja2.Environment(autoescape=False).from_string(source).module  # noqa: S701
    quantile = macros.t_of_95_percent("x")
    p_of_t = macros.two_sided_p("z")
    z_of_t = macros.normal_of_t("t", "x")
    chi = macros.chi_squared_p("t", "x")
    with duckdb.connect() as db:
        for degrees in (1, 2, 3, 4, 7, 12, 19, 20):
            for value in (0.2, 2.0, 11.0, 25.0):
                found = db.execute(f"select {chi} from (select {value} as t, {degrees} as x)")
                assert found.fetchall() == [
                    (pytest.approx(chi_squared_p(value, degrees), rel=1e-5),)
                ]
        for freedom in (5.0, 10.0, 33.5, 500.0):
            found = db.execute(f"select {quantile} from (select {freedom}::double as x)")
            assert found.fetchall() == [(pytest.approx(t_95(freedom), rel=1e-3),)]
            for t in (0.1, 1.0, 2.5):
                values = f"(select {t}::double as t, {freedom}::double as x)"
                found = db.execute(f"select {p_of_t} from (select {z_of_t} as z from {values})")
                assert found.fetchall() == [(pytest.approx(t_p(t, freedom), rel=0.01),)]
        assert db.execute(f"select {chi} from (select 1.0 as t, 21 as x)").fetchall() == [(None,)]


@pytest.fixture
def exposed(seen: list[plain.Seen]) -> Exposed:
    """Each exposure of a user to an experiment, in order of time."""
    found: Exposed = defaultdict(list)
    for event in seen:
        if event.name == "$experiment_started" and event.user is not None:
            names, variants = (
                value if isinstance(value, list) else [value]
                for value in (event.properties[f"{of} name"] for of in ("Experiment", "Variant"))
            )
            for name, variant in zip(names, variants, strict=True):
                found[name, event.user].append((event.time, variant))
    return found


def test_users_are_in_the_variant_of_their_first_exposure(db: DB, exposed: Exposed) -> None:
    found = db.execute(
        "select experiment, user_id, exposed_at, variant, exposure_count, variant_count from experiment_exposures"
    ).fetchall()

    assert sorted(found) == sorted(
        (*key, *pairs[0], len(pairs), len({variant for _, variant in pairs}))
        for key, pairs in exposed.items()
    )
    assert max(row[-1] for row in found) > 1


def test_variants_have_their_users_and_a_chi_squared_test(db: DB, exposed: Exposed) -> None:
    found = db.execute(
        "select experiment, variant, users, expected_users, chi_squared, sample_ratio_p_value from experiment_variants"
    ).fetchall()

    counts: Counter[tuple[str, str]] = Counter(
        (name, pairs[0][1]) for (name, _), pairs in exposed.items()
    )
    counts["colour", "unused"] = 0
    shares = {"red": 1, "blue": 2, "unused": 1}
    assert {row[:2]: row[2] for row in found} == dict(counts)
    for name in ("colour", "text"):
        users = {variant: n for (of, variant), n in counts.items() if of == name}
        weights = {variant: shares[variant] if name == "colour" else 1 for variant in users}
        expected = {v: sum(users.values()) * w / sum(weights.values()) for v, w in weights.items()}
        chi = sum((users[v] - expected[v]) ** 2 / expected[v] for v in users)
        # of two degrees of freedom the probability is an exponential, of one it is the normal one
        p = math.exp(-chi / 2) if len(users) == 3 else 2 * NormalDist().cdf(-math.sqrt(chi))
        for row in found:
            if row[0] == name:
                assert row[3:] == (
                    pytest.approx(expected[row[1]]),
                    pytest.approx(chi, abs=1e-12),
                    pytest.approx(p, rel=1e-6),
                )


def test_results_are_those_of_welch(db: DB, exposed: Exposed, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select
            experiment, metric, measure, variant, users, total, mean, standard_deviation, control_mean, difference,
            difference_low, difference_high, lift, lift_low, lift_high, p_value
        from experiment_results
        """
    ).fetchall()

    samples: dict[Any, list[float]] = defaultdict(list)
    for (name, user), pairs in exposed.items():
        for metric, events in METRICS.items():
            done = [
                e for e in seen if e.user == user and e.name in events and e.time >= pairs[0][0]
            ]
            values = [number_of(e.properties["price"]) if metric == "spending" else 1 for e in done]
            samples[name, metric, "conversion", pairs[0][1]].append(bool(done))
            samples[name, metric, "mean", pairs[0][1]].append(sum(values))
    assert {row[:4] for row in found} == set(samples)
    tested = 0
    for row in found:
        key, (users, total, mean, deviation, control_mean) = row[:4], row[4:9]
        difference, low, high, lift, *rest = row[9:]
        own = samples[key]
        control = samples[*key[:3], "red" if key[0] == "colour" else "Control"]
        assert (users, total, mean, control_mean) == (
            len(own),
            pytest.approx(sum(own)),
            pytest.approx(fmean(own)),
            pytest.approx(fmean(control)),
        )
        assert deviation == pytest.approx(stdev(own), abs=1e-9)
        if own is control:
            assert difference is low is lift is rest[-1] is None
            continue
        assert difference == pytest.approx(fmean(own) - fmean(control), abs=1e-12)
        a, b = variance(own) / len(own), variance(control) / len(control)
        if a + b == 0:
            assert low is rest[-1] is None
            continue
        degrees = (a + b) ** 2 / (a**2 / (len(own) - 1) + b**2 / (len(control) - 1))
        error, t = math.sqrt(a + b), t_95(degrees)
        assert (high + low) / 2 == pytest.approx(difference, abs=1e-9)
        assert high - low == pytest.approx(2 * t * error, rel=0.01)
        assert rest[-1] == pytest.approx(t_p(difference / error, degrees), rel=0.05)
        if fmean(control):
            ratio = fmean(own) / fmean(control)
            lift_error = math.sqrt(a + ratio**2 * b) / abs(fmean(control))
            assert lift == pytest.approx(ratio - 1)
            assert rest[1] - rest[0] == pytest.approx(2 * t * lift_error, rel=0.01)
        tested += 1
    assert tested > 3


def counts_of(seen: list[plain.Seen], names: set[str]) -> dict[str | None, Counter[date]]:
    days: dict[str | None, Counter[date]] = defaultdict(Counter)
    for event in seen:
        if event.name in names:
            days[event.user][event.day] += 1
    return days


def first_days(seen: list[plain.Seen]) -> dict[str, date]:
    days = plain.users_of(seen)
    return {user: min(d for d in days if user in days[d]) for user in set().union(*days.values())}


def test_impact_compares_users_with_themselves(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute("select * from impacts").fetchall()

    came = first_days(seen)
    uses = {
        user: min(days) for user, days in counts_of(seen, {"$experiment_started"}).items() if user
    }
    outcomes = counts_of(seen, {"Page View", "Search"})
    pairs = []
    for user, use in uses.items():
        if came[user] <= use - 2 * DAY and COVERAGE.days(use - 2 * DAY, use + 2 * DAY):
            own = outcomes[user]
            pairs.append((own[use - DAY] + own[use - 2 * DAY], own[use + DAY] + own[use + 2 * DAY]))
    changes = [after - before for before, after in pairs]
    error = stdev(changes) / math.sqrt(len(changes))
    mean, t = fmean(changes), t_95(len(changes) - 1)
    [[name, days, adopters, compared, before, after, *numbers, p]] = found
    assert (name, days, adopters, compared) == ("experiment", 2, len(uses), len(pairs))
    assert (before, after) == (sum(b > 0 for b, _ in pairs), sum(a > 0 for _, a in pairs))
    assert numbers[:2] == [
        pytest.approx(fmean(b for b, _ in pairs)),
        pytest.approx(fmean(a for _, a in pairs)),
    ]
    assert numbers[2] == pytest.approx(mean)
    assert (numbers[3] + numbers[4]) / 2 == pytest.approx(mean)
    assert numbers[4] - numbers[3] == pytest.approx(2 * t * error, rel=0.02)
    assert p == pytest.approx(t_p(mean / error, len(changes) - 1), rel=0.05)


def test_signals_are_correlated_with_the_goal(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event, times, users, users_with, goal_users_with, users_without, goal_users_without, correlation, p_value "
        "from signals"
    ).fetchall()

    came = {
        user: day for user, day in first_days(seen).items() if COVERAGE.days(day, day + 4 * DAY)
    }
    goals = counts_of(seen, {"$experiment_started"})
    reached = {
        user for user, day in came.items() if any(goals[user][day + n * DAY] for n in range(1, 5))
    }
    expected = {}
    for name in {event.name for event in seen} - plain.HIDDEN:
        own = counts_of(seen, {name})
        for times in (1, 2):
            did = {user for user, day in came.items() if own[user][day] >= times}
            if not did:
                continue
            x = [float(user in did) for user in sorted(came)]
            y = [float(user in reached) for user in sorted(came)]
            spread = math.sqrt(variance(x) * variance(y))
            mean_x, mean_y = fmean(x), fmean(y)
            products = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
            phi = products / (len(x) - 1) / spread if spread else None
            p = 2 * NormalDist().cdf(-math.sqrt(len(x)) * abs(phi)) if phi is not None else None
            expected[name, times] = (
                *(len(came), len(did), len(did & reached)),
                *(len(came) - len(did), len(reached - did)),
                pytest.approx(phi, abs=1e-9) if phi is not None else None,
                pytest.approx(p, rel=1e-5) if p is not None else None,
            )
    assert {row[:2]: row[2:] for row in found} == expected
    assert any(row[-1] is not None for row in found)
