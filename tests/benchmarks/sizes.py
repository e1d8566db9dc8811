"""How large the files are after a year of daily syncs, and what a sync costs by then.

Also alone: ``python tests/benchmarks/sizes.py [SYNCS] [same|growing|history] [core]``; with ``core``, a sync builds the core
tables only, which takes half the time.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))  # `support`, where this is run alone

FIRST = date(2024, 1, 1)
"""The year after it is over: a day that has not ended would be fetched by each sync."""

DAYS = 60
LONG_DAYS = 330
SYNCS = 365
EVENTS_A_DAY = 1_000
EVERY = 30
KINDS = ("same", "growing", "history")


def sizes(
    _days: Path, work: Path, _runs: int, syncs: int = SYNCS, *, kinds: tuple[str, ...] = KINDS
) -> None:
    """Sync the same 60 days each day of a year, then with a new day each time; build and publish each time. Then compare
    the costs after a short and after a long history.

    The seconds are the mean of the syncs since the line before: elapsed, and of the processor, which
    change little with other load. dbt is forked from a process that has imported it and parsed the
    models: half of what a sync of so few events costs is dbt's start, each time the same.
    """
    forks = _fork_dbt(work / "parse")
    for kind in kinds:
        if kind == "history":
            _compare_histories(work, forks)
            continue
        grows = kind == "growing"
        print(
            f"\n{syncs} daily syncs, {'a new day each' if grows else 'the same days'}: "
            "seconds a sync, of the processor, MB (x of a fresh copy)\n"
        )
        since: list[tuple[float, float]] = []
        for number, cost, files in _syncs(work / f"sizes-{grows}", syncs, forks, grows=grows):
            since.append(cost)
            if number % EVERY == 0 or number == syncs - 1:
                elapsed, processor = (
                    statistics.mean(column) for column in zip(*since, strict=True)
                )
                since = []
                shown = "  ".join(
                    f"{path.name} {path.stat().st_size / 1e6:.1f} ({path.stat().st_size / _fresh(path):.2f})"
                    for path in files
                )
                print(f"{number + 1:>4}  {elapsed:5.2f} s  {processor:5.2f} s  {shown}", flush=True)


def _fork_dbt(scratch: Path) -> Path:
    """Have the builds of this process run in forks of one that has imported dbt.

    Return the file with the processor seconds of each.
    """
    from support import warm_dbt
    from support.in_shells.sitecustomize import SOCKET

    from mixpanel_data._internal.project.models import models_folder
    from mixpanel_data._internal.transform.dbt_process import PARTIAL_PARSE, dbt_environment

    scratch.mkdir()
    project = str(models_folder())
    arguments = ["parse", "--project-dir", project, "--profiles-dir", project]
    path = warm_dbt.start(arguments, scratch, dbt_environment(scratch, {}))
    os.environ[SOCKET] = str(path)
    os.environ[PARTIAL_PARSE] = str(scratch / "target" / "partial_parse.msgpack")
    warm_dbt.use()
    return path.with_name(warm_dbt.SECONDS)


def _compare_histories(work: Path, forks: Path, syncs: int = 12) -> None:
    """Sync a folder with a short and one with a long history alternately, with a new day each time."""
    costs: dict[int, list[float]] = {DAYS: [], LONG_DAYS: []}
    folders = [
        _syncs(work / f"history-{days}", syncs + 1, forks, grows=True, days=days) for days in costs
    ]
    for number, both in enumerate(zip(*folders, strict=True)):
        for seconds, (_, (_, processor), _) in zip(costs.values(), both, strict=True):
            if number > 0:  # the first loads the history
                seconds.append(processor)
    print(f"\n{syncs} daily syncs, a new day each: processor seconds, minimum / median / maximum\n")
    for days, seconds in costs.items():
        shown = " / ".join(
            f"{each:.2f}" for each in (min(seconds), statistics.median(seconds), max(seconds))
        )
        print(f"{days:>4} days before  {shown}")
    print(f"ratio of the sums: {sum(costs[LONG_DAYS]) / sum(costs[DAYS]):.2f}", flush=True)


def _syncs(
    folder: Path, syncs: int, forks: Path, *, grows: bool, days: int = DAYS
) -> Iterator[tuple[int, tuple[float, float], list[Path]]]:
    from mixpanel_data._internal.api_client import MixpanelAPIClient
    from mixpanel_data._internal.run import context
    from mixpanel_data._internal.settings import load_settings
    from mixpanel_data.auth import Credentials
    from mixpanel_data.sandbox import Sandbox
    from mixpanel_data.sync import job

    now = FIRST + timedelta(days=days)
    with Sandbox(today=FIRST + timedelta(days=days + syncs + 1)) as sandbox:
        for number in range(days):
            _add(sandbox, FIRST + timedelta(days=number))
        credentials = Credentials(**asdict(sandbox.credentials))
        settings = load_settings(
            {}, data_dir=folder, api_base_url=sandbox.base_url, start_date=FIRST
        )
        files = [
            folder / "raw.duckdb",
            folder / "build" / "next.duckdb",
            folder / "mixpanel.duckdb",
        ]
        for number in range(syncs):
            context.today = lambda _, day=now: day  # type: ignore[assignment, misc]
            started, used = time.perf_counter(), _processor_seconds(forks)
            with MixpanelAPIClient(credentials, base_url=sandbox.base_url) as client:
                job.Sync(settings, credentials, client=client).run().raise_failures()
            cost = (time.perf_counter() - started, _processor_seconds(forks) - used)
            yield number, cost, files
            if grows:
                _add(sandbox, now)
                now += timedelta(days=1)


def _processor_seconds(forks: Path) -> float:
    lines = forks.read_text().split() if forks.exists() else []
    return sum(os.times()[:4]) + sum(map(float, lines))


def _add(sandbox: Any, day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number in range(EVENTS_A_DAY):
        sandbox.dataset.add_event(
            f"event {number % 9}",
            midnight + timedelta(seconds=number * 80),
            distinct_id=f"user {hash((day, number)) % 997}",
            insert_id=f"{day}-{number}",
            page=f"https://shop.example/{hash((number, day)) % 100_000}",
        )


def _fresh(path: Path) -> int:
    """Bytes of a copy that DuckDB writes at once, in the same format."""
    copy = path.with_name("fresh copy")
    with contextlib.closing(duckdb.connect()) as db:
        db.execute(f"attach '{path}' as a (read_only)")
        [(version,)] = db.execute(
            "select rtrim(tags['storage_version'], '+') from duckdb_databases() where database_name = 'a'"
        ).fetchall()
        db.execute(f"attach '{copy}' as b (storage_version '{version}')")
        db.execute("copy from database a to b")
    size = copy.stat().st_size
    copy.unlink()
    return size


def main() -> None:
    """As many syncs as asked for, in a temporary folder."""
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        syncs = next((int(each) for each in arguments if each.isdigit()), SYNCS)
        kinds = tuple(kind for kind in arguments if kind in KINDS)
        if "core" in arguments:
            from support import core_models

            core_models.leave_marts_out()
        sizes(Path(work), Path(work), 1, syncs, kinds=kinds or KINDS)


if __name__ == "__main__":
    main()
