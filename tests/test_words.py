"""Words that the project does not use: its vocabulary has one plain word for each thing."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("pipelines", "flows", "dbt", "tests", "docs", "Makefile", ".ci", "*.md")
BANNED = (
    *(
        "again",
        "anew",
        "books",
        "bring",
        "bringing",
        "brings",
        "brought",
        "broken",
        "door",
        "doors",
    ),
    *("he", "him", "his", "said", "set apart", "set aside", "shelf", "shelves", "tidied", "tidy"),
    *("told", "turn", "turned", "turning", "turns", "whatever"),
)
# Words in names such as `test_…_again` count, too: an underscore ends a word.
WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(BANNED).replace(' ', '[ _]')})(?![a-z])", re.IGNORECASE)

QUOTES = {
    ("pipelines/mixpanel_data/sandbox/shop/hard_things.py", "said"): "a value of the sample data",
    ("tests/test_words.py", ""): "this list",
}
"""A file and a word, or any word, with the reason why it may be there."""


def found_in(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def test_no_text_has_a_banned_word() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PLACES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(listed) > 500
    found = [
        f"{name}:{number}: {word}"
        for name in listed
        if (name, "") not in QUOTES and (ROOT / name).is_file()
        for number, line in enumerate(
            (ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        for word in found_in(line)
        if (name, word) not in QUOTES
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Run it again, whatever happens.", ["again", "whatever"]),
        ("set aside", ["set aside"]),
        ("BROKEN = []", ["broken"]),
        ("def test_it_is_read_again():", ["again"]),
        ("against, return_events, the, bookmarks, turnover, hers, notebooks", []),
    ],
)
def test_words_are_found_whole_and_in_any_case(text: str, words: list[str]) -> None:
    assert found_in(text) == words
