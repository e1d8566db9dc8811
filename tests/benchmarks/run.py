"""Every speed and memory claim, measured: ``make bench``, or ``python tests/benchmarks/run.py load memory refresh marts``.

What is compared runs alternately, each in a process of its own, several times; ratios are given as minimum / median /
maximum. Nothing here passes or fails: read the figures.
"""

import argparse
import os
import platform
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from children import last_day
from made_up_events import EVENTS_A_DAY, FIRST, make_days
from marts import configured, marts
from measure import Taken, in_a_process, server, spread
from profiles import profiles
from sizes import sizes


def load(days: Path, work: Path, runs: int) -> None:
    """A million events: DuckDB alone, then ours from a server on loopback to the ledger."""
    make_days(days, 10)
    taken: dict[str, list[Taken]] = {"limit, zstd": [], "limit, default": [], "ours": []}
    with server(days, 10) as url:
        for _ in range(runs):
            for compression in ("zstd", "default"):
                database = work / "limit.duckdb"
                taken[f"limit, {compression}"].append(
                    in_a_process("limit", days, 10, compression, database)
                )
                database.unlink()
            taken["ours"].append(_fresh(url, work, 10))
    print(f"\n{10 * EVENTS_A_DAY:,} events, {runs} runs: minimum / median / maximum\n")
    for name, several in taken.items():
        print(
            f"{name:<16} {spread([t.wall for t in several], ' s')}   processor {spread([t.cpu for t in several], ' s')}"
            f"   memory {spread([t.rss for t in several], ' MB')}"
        )
    for name in ("limit, zstd", "limit, default"):
        ratios = [
            ours.wall / limit.wall for ours, limit in zip(taken["ours"], taken[name], strict=True)
        ]
        print(f"ours : {name:<15} {spread(ratios)}")


def _fresh(url: str, work: Path, days: int, memory: str = "") -> Taken:
    folder = work / "fresh"
    taken = in_a_process("sync", url, folder, FIRST, last_day(days), memory)
    shutil.rmtree(folder)
    return taken


def memory(days: Path, work: Path, runs: int) -> None:
    """The peak of the process for one and for five million events, as it comes and with MP_MEMORY_LIMIT=512MB."""
    make_days(days, 50)
    print(f"\nPeak memory, {runs} runs: minimum / median / maximum\n")
    for count in (10, 50):
        with server(days, count) as url:
            for limit in ("", "512MB"):
                peaks = [_fresh(url, work, count, limit).rss for _ in range(runs)]
                print(
                    f"{count * EVENTS_A_DAY:>10,} events, limit {limit or 'none':<6} {spread(peaks, ' MB')}"
                )


def refresh(days: Path, work: Path, runs: int) -> None:
    """One day reread, on a million and on ten million rows of history."""
    make_days(days, 100)
    taken: dict[int, list[Taken]] = {10: [], 100: []}
    folders = {count: work / f"history{count}" for count in taken}
    with server(days, 100) as url:
        for count, folder in folders.items():
            in_a_process("sync", url, folder, FIRST, last_day(count))
        for _ in range(runs):
            for count, folder in folders.items():
                day = last_day(count)
                taken[count].append(in_a_process("sync", url, folder, day, day))
    print(f"\nOne day reread, {runs} runs: minimum / median / maximum\n")
    for count, several in taken.items():
        print(
            f"on {count * EVENTS_A_DAY:>10,} events {spread([t.wall for t in several], ' s')}"
            f"   processor {spread([t.cpu for t in several], ' s')}"
        )
    ratios = [large.wall / small.wall for small, large in zip(taken[10], taken[100], strict=True)]
    print(f"ten times the history costs {spread(ratios)} times as much")
    for folder in folders.values():
        shutil.rmtree(folder)


BENCHMARKS = {
    "load": load,
    "memory": memory,
    "refresh": refresh,
    "profiles": profiles,
    "marts": marts,
    "configured": configured,
    "sizes": sizes,
}


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all without"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--days", type=Path, default=Path(tempfile.gettempdir()) / "mixpanel-data-benchmarks"
    )
    options = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory(dir=options.days.parent) as work:
        for name in options.names or BENCHMARKS:
            BENCHMARKS[name](options.days, Path(work), options.runs)


if __name__ == "__main__":
    main()
