"""``mp status``: the state of the data folder."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_data.cli.options import DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data.sync import Status


Days = Annotated[
    bool, typer.Option("--days", help="A row for each day: events, late ones, their delay.")
]


def status(
    days: Days = False, data_dir: DataDirOption = None, fmt: FormatOption = Format.table
) -> None:
    """Show what is loaded, what is missing and what arrived late.

    Example: mp status --format json
    """
    from mixpanel_data.cli.output.rows import print_object, print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import day_rows, read_status

    found = read_status(load_settings(data_dir=data_dir))
    if days:
        rows = day_rows(found.records)
        columns = list(rows[0]) if rows else ["day"]
        print_rows(columns, [list(row.values()) for row in rows], fmt)
    elif fmt in (Format.json, Format.jsonl):
        print_object(found.to_dict())
    else:
        print_rows(["", "value"], _rows(found), fmt)


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
        ("last run", f"{found.last_run} UTC" if found.last_run else "never"),
        *_budget_rows(found),
        ("published", found.published_text),
        ("read from", found.read_from),
    ]


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
