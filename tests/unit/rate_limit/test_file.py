"""A file that is damaged, of another version, or can't be written."""

import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data.exceptions import RateLimitError, StorageError

from .conftest import HOUR, Machine, answered, in_memory, refused


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
def test_promise_6_a_damaged_budget_counts_as_spent_for_an_hour(machine, budget, file, damage):
    damage(file)

    with pytest.raises(RateLimitError, match="log was damaged") as caught:
        answered(budget())
    with pytest.raises(RateLimitError):
        answered(budget(), "query")
    assert budget().remaining("export") == 0
    assert caught.value.retry_after == pytest.approx(HOUR, abs=10)
    assert file.with_name("requests.sqlite.damaged").exists()

    machine.now += HOUR + 10
    assert budget().remaining("export") == 60
    answered(budget(max_wait=0))


def test_who_knows_that_nothing_was_asked_need_not_wait(machine, budget, file):
    machine.now += HOUR + 10
    scribble(file)
    with pytest.raises(RateLimitError, match="delete that file") as caught:
        answered(budget())
    assert str(file) in str(caught.value)

    file.unlink()

    answered(budget(max_wait=0))
    assert budget().remaining("export") == 59


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_promise_6_no_change_of_its_bytes_makes_the_budget_larger(data):
    with in_memory() as folder:
        machine = Machine()
        values = {"project_id": "1", "region": "us", "clock": machine.clock, "sleep": machine.sleep}
        budget = RateLimiter(folder, max_wait=0, **values)
        for _ in range(12):
            answered(budget)
        answered(budget, error=refused(retry_after=1, body="15 requests per hour"))
        file = folder / "requests.sqlite"
        content = bytearray(file.read_bytes())
        written = [position for position, byte in enumerate(content) if byte]
        places = st.sampled_from(written) | st.integers(0, len(content) - 1)
        for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255))).items():
            content[place] = byte
        file.write_bytes(content)

        with suppress(StorageError):
            assert budget.remaining("export") == 0
            machine.now += 100
            assert budget.remaining("export") in (0, 2)


def test_a_lost_budget_starts_from_scratch(budget, file):
    file.unlink()

    assert budget().remaining("export") == 60


def test_a_request_that_cannot_be_noted_is_not_made(budget, folder):
    folder.write_text("in the way")

    with pytest.raises(StorageError, match="No request was sent to Mixpanel"):
        budget()("export")


def test_neither_is_one_whose_file_cannot_be_opened(budget, folder):
    (folder / "requests.sqlite").mkdir(parents=True)

    with pytest.raises(StorageError, match="unable to open"):
        budget()("export")


def test_neither_is_one_on_a_full_disk(budget, monkeypatch):
    process = budget(hourly_limit=1000)
    process("export")._release()
    connect = sqlite3.connect

    def small(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(StorageError, match="full"):  # noqa: PT012
        while True:
            process("export")._release()


def test_an_answer_is_not_lost_because_it_cannot_be_noted(budget, folder):
    process = budget()
    permit = process("export")
    folder.rename(folder.with_name("gone"))
    folder.write_text("in the way")

    with permit:
        permit._record.mark_sent()
        permit._record.mark_succeeded()
