"""``mp status``: the state of the data folder."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_data.cli.errors import STALE
from mixpanel_data.cli.options import DataDirOption, Format

if TYPE_CHECKING:
    from mixpanel_data.published import TargetRecord
    from mixpanel_data.sync import Status


Days = Annotated[
    bool, typer.Option("--days", help="A row for each day: events, late ones, their delay.")
]


Last = Annotated[
    int | None,
    typer.Option("--last", min=1, metavar="N", help="With --days: the last N days only."),
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        "--max-age",
        metavar="DURATION",
        help="End with 8 if the published data are older, such as 36h: if a day is missing that ended longer ago.",
    ),
]


class StatusFormat(StrEnum):
    """The formats of the status: those of all data, and the text format of Prometheus."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    prometheus = "prometheus"


def status(
    days: Days = False,
    last: Last = None,
    max_age: MaxAge = None,
    data_dir: DataDirOption = None,
    fmt: Annotated[
        StatusFormat,
        typer.Option("--format", help="How to print it; prometheus: as metrics, in text."),
    ] = StatusFormat.table,
) -> int:
    """Show what is loaded, missing, or arrived late.

    The data are as old as the end of the last day up to which every day is complete and published. Right after a sync
    that is less than 24 hours.

    Example: mp status --max-age 36h
    """
    from mixpanel_data.cli.output.prometheus import metrics
    from mixpanel_data.cli.output.results import print_result
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import day_rows, read_status

    longest = None if max_age is None else _seconds(max_age)
    if last is not None and not days:
        raise typer.BadParameter("it needs --days.", param_hint="--last")
    found = read_status(load_settings(data_dir=data_dir))
    stale = longest is not None and _is_older(found, longest)
    if fmt is StatusFormat.prometheus:
        if days:
            raise typer.BadParameter(
                "it has no rows of days: leave out --days.", param_hint="--format"
            )
        typer.echo(metrics(found), nl=False)
        return _end(found, stale=stale, max_age=max_age)
    form = Format(fmt)
    if days:
        # [-0:] is the whole list, so no --last means all days.
        rows = day_rows(found.records)[-(last or 0) :]
        columns = list(rows[0]) if rows else ["day"]
        print_rows(columns, [list(row.values()) for row in rows], form)
    elif form is not Format.table:
        values = found.to_dict()
        print_result(values if longest is None else values | {"is_stale": stale}, form)
    else:
        print_rows(["", "value"], _rows(found), form)
    return _end(found, stale=stale, max_age=max_age)


def _end(found: "Status", *, stale: bool, max_age: str | None) -> int:
    if stale:
        typer.echo(_stale_message(found, max_age), err=True)
    return STALE if stale else 0


def _seconds(text: str) -> float:
    from mixpanel_data.settings import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--max-age") from None


def _is_older(found: "Status", seconds: float) -> bool:
    age = found.age()
    return age is None or age.total_seconds() > seconds


def _stale_message(found: "Status", max_age: str | None) -> str:
    published = found.published_up_to if found.published_at else found.complete_up_to
    if published is None:
        return f"Older than {max_age}: no day is complete. `mp sync` fetches what is missing."
    what = "published" if found.published_at else "loaded"
    cure = "`mp sync` fetches what is missing."
    # The data are here and only the build is missing, so a fetch would change nothing.
    if found.published_at and found.complete_up_to and found.complete_up_to > published:
        cure = f"Loaded are the days up to {found.complete_up_to}: `mp sync --no-fetch` builds and publishes them."
    return f"Older than {max_age}: every day is complete and {what} only up to {published}. {cure}"


def _rows(found: "Status") -> list[tuple[str, Any]]:
    gaps = ", ".join(str(gap) for gap in found.gaps[:10]) or "none"
    more = f" and {len(found.gaps) - 10} more" if len(found.gaps) > 10 else ""
    return [
        ("project", f"{found.project[0]} ({found.project[1]})" if found.project else "none"),
        ("data folder", str(found.data_dir)),
        (
            "days loaded",
            f"{found.days} ({found.first} to {found.last})"
            if found.days
            else "none: run `mp sync`",
        ),
        ("gaps", gaps + more),
        ("events", f"{found.events:,}"),
        ("late", _late(found)),
        ("rejected lines", _rejected(found)),
        ("repaired lines", f"{found.repaired:,}"),
        ("profiles", _profiles(found)),
        *((f"{key} profiles", f"{count:,}") for key, count in found.group_profiles.items()),
        ("complete up to", _complete(found)),
        ("days behind", _behind(found)),
        ("last attempt", _attempt(found)),
        (
            "last success",
            f"{found.last_success:%Y-%m-%d %H:%M:%S} UTC"
            if found.last_success
            else "none on record",
        ),
        *_budget_rows(found),
        ("published", found.published_text),
        *((f"copied to {record.target}", _copied(record)) for record in found.targets),
        ("read from", found.read_from),
    ]


def _copied(record: "TargetRecord") -> str:
    done = "never"
    if record.published_at:
        when = record.published_at[:19].replace("T", " ")
        done = f"{when} UTC, publication {record.publication}: {record.rows:,} rows"
    return f"{done}; FAILED since then: {record.failure[:200]}" if record.failure else done


def _complete(found: "Status") -> str:
    if found.complete_up_to is None:
        return "no day"
    if found.published_at and found.published_up_to != found.complete_up_to:
        return f"{found.complete_up_to}; published up to {found.published_up_to or 'no day'}"
    return str(found.complete_up_to)


def _behind(found: "Status") -> str:
    if found.days_behind is None:
        return "no day is complete"
    newest = f"; the newest {found.empty_newest_days} loaded days have no events"
    return f"{found.days_behind}" + (newest if found.empty_newest_days else "")


def _attempt(found: "Status") -> str:
    run = found.last_attempt
    if run is None:
        return "none on record"
    began = f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if run.ok:
        return f"{began}, succeeded"
    if run.ended_at is None:
        return f"{began}, not ended: it runs now, or was killed"
    row = f" ({found.failed_runs} failures in a row)" if found.failed_runs > 1 else ""
    code, message = run.errors[0]
    more = f" and {len(run.errors) - 1} more" if len(run.errors) > 1 else ""
    missing = f"; {len(run.days_missing)} days are missing" if run.days_missing else ""
    return f"{began}, failed{row}{missing}: {code}: {message}{more}"


def _budget_rows(found: "Status") -> list[tuple[str, str]]:
    return [
        (f"{family} budget", f"{now['remaining']} of {now['hourly_limit']} requests an hour left")
        for family, now in found.budget.items()
    ]


def _rejected(found: "Status") -> str:
    parts = ", ".join(f"{count:,} of {table}" for table, count in found.rejected.items())
    return f"{sum(found.rejected.values()):,}" + (f" ({parts})" if parts else "")


def _late(found: "Status") -> str:
    late = f"{found.late:,} events more than a day after they happened"
    if not found.latest or not found.latest.newest_arrival:
        return late
    # In days, the unit of MP_LOOKBACK_DAYS, which has to cover it.
    after = found.latest.newest_arrival.total_seconds() / 86_400
    day = found.latest.day
    return f"{late}; the newest of {day} {after:.1f} days after that day (each day: --days)"


def _profiles(found: "Status") -> str:
    if found.profiles is None:
        return "none"
    reads = [f"complete snapshot {found.last_snapshot:%Y-%m-%d %H:%M} UTC"]
    if found.last_increment:
        reads.append(f"increment {found.last_increment:%Y-%m-%d %H:%M} UTC")
    return f"{found.profiles:,} ({', '.join(reads)})"
