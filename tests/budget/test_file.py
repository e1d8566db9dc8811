"""A file that is damaged, of another version, or can't be written."""

import sqlite3

import pytest

from mixpanel_data.exceptions import RateLimitError, StorageError

from .conftest import HOUR, answered


@pytest.fixture
def file(budget, folder):
    answered(budget())
    return folder / "requests.sqlite"


def overwrite(file):
    file.write_bytes(b"no database at all" * 1000)


def cut(file):
    file.write_bytes(file.read_bytes()[:5000])


def scribble(file):
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)


def other_version(file):
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def lose_a_table(file):
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE requests")
    connection.close()


@pytest.mark.parametrize("damage", [overwrite, cut, scribble, other_version, lose_a_table])
def test_promise_6_a_damaged_budget_counts_as_spent_for_an_hour(world, budget, file, damage):
    damage(file)

    with pytest.raises(RateLimitError, match="record was damaged") as caught:
        answered(budget())
    with pytest.raises(RateLimitError):
        answered(budget(), "query")
    assert budget().remaining("export") == 0
    assert caught.value.retry_after == pytest.approx(HOUR, abs=10)
    assert file.with_name("requests.sqlite.damaged").exists()

    world.now += HOUR + 10
    assert budget().remaining("export") == 60
    answered(budget(max_wait=0))


def test_a_journal_left_by_a_crash_is_not_played_into_the_new_file(budget, file):
    overwrite(file)
    file.with_name("requests.sqlite-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 600)

    with pytest.raises(RateLimitError, match="record was damaged"):
        answered(budget())
    assert budget().remaining("query") == 0


def test_a_lost_budget_is_begun_anew(budget, file):
    file.unlink()

    assert budget().remaining("export") == 60


def test_a_request_that_cannot_be_noted_is_not_made(budget, folder):
    folder.write_text("in the way")

    with pytest.raises(StorageError, match="Nothing was asked of Mixpanel"):
        budget()("export")


def test_neither_is_one_whose_file_cannot_be_opened(budget, folder):
    (folder / "requests.sqlite").mkdir(parents=True)

    with pytest.raises(StorageError, match="unable to open"):
        budget()("export")


def test_neither_is_one_on_a_full_disk(budget, monkeypatch):
    process = budget(hourly_limit=1000)
    process("export")._free()
    connect = sqlite3.connect

    def small(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(StorageError, match="full"):  # noqa: PT012
        while True:
            process("export")._free()


def test_an_answer_is_not_lost_because_it_cannot_be_noted(budget, folder):
    process = budget()
    permit = process("export")
    folder.rename(folder.with_name("gone"))
    folder.write_text("in the way")

    with permit:
        permit._record.sent()
        permit._record.succeeded()
