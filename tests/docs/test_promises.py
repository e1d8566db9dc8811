"""The table of promises in tests/README.md holds to docs/architecture.md and to the tests."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROMISES = re.findall(
    r"^(\d+)\. ",
    (TESTS.parent / "docs" / "architecture.md").read_text("utf-8").partition("## Promises")[2],
    re.MULTILINE,
)
TABLE = {
    number: re.findall(r"`(.+?)`", tests)
    for number, tests in re.findall(
        r"^\| (\d+) [^|]+ \| (.+) \|$", (TESTS / "README.md").read_text("utf-8"), re.MULTILINE
    )
}
NAMED = re.compile(r"promise[ _](\d+)", re.IGNORECASE)


def test_every_promise_has_a_row_in_the_same_order() -> None:
    assert [str(number) for number in range(1, len(PROMISES) + 1)] == PROMISES
    assert list(TABLE) == PROMISES


def test_every_path_in_the_table_has_tests() -> None:
    named = [
        path for paths in TABLE.values() for path in paths if not path.startswith("benchmarks")
    ]

    assert [path for path in named if not _tests_under(TESTS / path)] == []


def test_benchmarks_in_the_table_exist() -> None:
    named = [path for paths in TABLE.values() for path in paths if path.startswith("benchmarks")]

    assert [path for path in named if not (TESTS / path).is_file()] == []


def test_every_test_that_names_a_promise_is_in_its_row() -> None:
    found = {
        (number, str(path.relative_to(TESTS)))
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__)
        for number in NAMED.findall(f"{path.stem}\n{path.read_text('utf-8')}")
    }

    assert [(number, path) for number, path in sorted(found) if not _listed(path, number)] == []


def _listed(path: str, number: str) -> bool:
    return any(f"{path}/".startswith(f"{listed}/") for listed in TABLE.get(number, []))


def _tests_under(path: Path) -> list[Path]:
    """Files at or under ``path`` that define a test."""
    files = path.rglob("test_*.py") if path.is_dir() else filter(Path.is_file, [path])
    return [
        file
        for file in files
        if re.search(r"^\s*(async )?def test_", file.read_text("utf-8"), re.MULTILINE)
    ]
