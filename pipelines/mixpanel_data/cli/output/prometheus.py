"""The status of a data folder in the text format of Prometheus, for a textfile collector.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from mixpanel_data.sync import Status


@dataclass(frozen=True)
class Metric:
    """One metric: its samples are pairs of labels and value; none if there is no value."""

    name: str
    help: str
    samples: list[tuple[dict[str, str], float]]


def metrics(status: Status) -> str:
    """Return the metrics as text. Every sample has the project's id and region as labels."""
    common = (
        dict(zip(("project_id", "region"), status.project, strict=True)) if status.project else {}
    )
    lines = [line for metric in _metrics(status) for line in _lines(metric, common)]
    return "".join(f"{line}\n" for line in lines)


def _metrics(status: Status) -> Iterator[Metric]:
    yield _one(
        "complete_day_timestamp_seconds",
        "Start of the last day, in UTC, up to which every day is complete in the ledger.",
        _midnight(status.complete_up_to),
    )
    yield _one(
        "published_day_timestamp_seconds",
        "The same for the published file.",
        _midnight(status.published_up_to),
    )
    age = status.age()
    yield _one(
        "age_seconds",
        "Seconds since the end of the last day up to which the published data are complete.",
        None if age is None else age.total_seconds(),
    )
    yield _one(
        "days_behind",
        "Days up to yesterday that are missing at the end of the published data.",
        status.days_behind,
    )
    yield _one(
        "gap_days",
        "Days up to yesterday that should be complete and are not.",
        sum(len(gap) for gap in status.gaps),
    )
    yield _one("days_loaded", "Days in the ledger.", status.days)
    yield _one("events", "Events in the raw table, duplicates included.", status.events)
    yield _one(
        "late_events", "Events that arrived more than a day after they occurred.", status.late
    )
    yield Metric(
        "rejected_lines",
        "Lines that could not be read, by table.",
        [({"table": table}, count) for table, count in sorted(status.rejected.items())],
    )
    yield _one("profiles", "Profiles of users.", status.profiles)
    yield Metric(
        "budget_remaining_requests",
        "Requests that the rate limit permits now, by family.",
        [({"family": family}, now["remaining"]) for family, now in sorted(status.budget.items())],
    )
    yield _one(
        "last_attempt_timestamp_seconds",
        "When the newest run began.",
        _seconds(status.last_attempt.started_at if status.last_attempt else None),
    )
    yield _one(
        "last_success_timestamp_seconds",
        "When the newest successful run ended.",
        _seconds(status.last_success),
    )
    yield _one("failed_runs", "Newest runs that failed, one after the other.", status.failed_runs)
    yield _one(
        "published_timestamp_seconds",
        "When the published file was put in place.",
        _seconds(status.published_at),
    )
    yield Metric(
        "file_bytes",
        "Size of each database of the data folder.",
        [
            ({"file": path.name}, path.stat().st_size)
            for path in (Path(status.data_dir, name) for name in ("raw.duckdb", "mixpanel.duckdb"))
            if path.is_file()
        ],
    )


def _one(name: str, text: str, value: float | None) -> Metric:
    return Metric(name, text, [] if value is None else [({}, value)])


def _lines(metric: Metric, common: dict[str, str]) -> Iterator[str]:
    name = f"mixpanel_data_{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} gauge"
    for labels, value in metric.samples:
        named = ",".join(f'{key}="{_escaped(text)}"' for key, text in (common | labels).items())
        yield f"{name}{{{named}}} {value:.15g}" if named else f"{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _midnight(day: date | None) -> float | None:
    return None if day is None else datetime.combine(day, time(), UTC).timestamp()


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.replace(tzinfo=UTC).timestamp()
