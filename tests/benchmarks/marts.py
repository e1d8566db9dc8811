"""What the tables cost: a first build, another after one changed day, and the same with five times the history."""

import shutil
from datetime import timedelta
from pathlib import Path

from made_up_history import EVENTS_A_DAY, FIRST, change_a_day, make_history
from measure import Taken, in_a_process, spread

DAYS = (100, 500)


def marts(_: Path, work: Path, runs: int) -> None:
    """dbt's own time to execute, without what it takes to start and to read the models."""
    firsts: dict[int, Taken] = {}
    later: dict[int, list[Taken]] = {count: [] for count in DAYS}
    folders = {count: work / f"marts{count}" for count in DAYS}
    for count, folder in folders.items():
        make_history(folder / "raw.duckdb", count)
        firsts[count] = in_a_process("build", folder)
    for number in range(runs):
        for count, folder in folders.items():
            day = FIRST + timedelta(count - 3 - number % 3)
            change_a_day(folder / "raw.duckdb", day, number)
            later[count].append(in_a_process("build", folder))
    small, large = DAYS
    print(f"\ndbt build, {runs} runs after one changed day: minimum / median / maximum\n")
    for count in DAYS:
        print(
            f"{count * EVENTS_A_DAY:>10,} events: first {firsts[count].result['elapsed']:.2f} s,"
            f" {firsts[count].rss:.0f} MB; changed day {_elapsed(later[count])},"
            f" memory {spread([taken.rss for taken in later[count]], ' MB')}"
        )
    shares = [100 * t.result["elapsed"] / firsts[small].result["elapsed"] for t in later[small]]
    print(f"a changed day costs {spread(shares, ' %')} of the first build")
    ratios = [
        big.result["elapsed"] / little.result["elapsed"]
        for little, big in zip(later[small], later[large], strict=True)
    ]
    print(f"five times the history costs {spread(ratios)} times as much")
    for folder in folders.values():
        shutil.rmtree(folder)
    _little_memory(work)


def _elapsed(taken: list[Taken]) -> str:
    return spread([t.result["elapsed"] for t in taken], " s")


def _little_memory(work: Path) -> None:
    folder = work / "little"
    make_history(folder / "raw.duckdb", DAYS[0])
    first = in_a_process("build", folder, "512MB")
    change_a_day(folder / "raw.duckdb", FIRST + timedelta(DAYS[0] - 3), 1)
    second = in_a_process("build", folder, "512MB")
    print(
        f"with MP_MEMORY_LIMIT=512MB: first {first.result['elapsed']:.2f} s, {first.rss:.0f} MB;"
        f" changed day {second.result['elapsed']:.2f} s, {second.rss:.0f} MB"
    )
    shutil.rmtree(folder)


def configured(_: Path, work: Path, runs: int) -> None:
    """What all variables add to a first build and to a changed day, within 2 GB."""
    count = DAYS[0]
    folders = {name: work / f"configured-{name}" for name in ("none", "all")}
    firsts: dict[str, Taken] = {}
    later: dict[str, list[Taken]] = {name: [] for name in folders}
    for name, folder in folders.items():
        make_history(folder / "raw.duckdb", count)
        firsts[name] = in_a_process("build", folder, "2GB", name)
    for number in range(runs):
        for name, folder in folders.items():
            change_a_day(folder / "raw.duckdb", FIRST + timedelta(count - 3 - number % 3), number)
            later[name].append(in_a_process("build", folder, "2GB", name))
    print(f"\n{count * EVENTS_A_DAY:,} events, {runs} runs after one changed day\n")
    for name, several in later.items():
        first = firsts[name]
        print(
            f"{name:<5} configured: first {first.result['elapsed']:.2f} s, processor {first.cpu:.2f} s,"
            f" {first.rss:.0f} MB; changed day {_elapsed(several)},"
            f" processor {spread([t.cpu for t in several], ' s')}, {max(t.rss for t in several):.0f} MB"
        )
    for what, measure in (("clock", _seconds), ("processor", _processor)):
        ratios = [measure(a) / measure(n) for a, n in zip(later["all"], later["none"], strict=True)]
        print(
            f"all : none, {what}: first {measure(firsts['all']) / measure(firsts['none']):.2f},"
            f" changed day {spread(ratios)}"
        )
    for folder in folders.values():
        shutil.rmtree(folder)


def _seconds(taken: Taken) -> float:
    return taken.result["elapsed"]


def _processor(taken: Taken) -> float:
    return taken.cpu
