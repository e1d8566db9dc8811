"""The store behind the sandbox."""

import gzip
import threading
import zlib
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wiretap import DAY, fill

from mixpanel_data.sandbox import Dataset, compression
from mixpanel_data.sandbox.bodies import rechunk
from mixpanel_data.sandbox.records import in_seconds

NEXT = DAY + timedelta(days=1)


def test_an_event_is_one_line_with_its_ids_in_the_properties():
    dataset = Dataset.empty()
    event = dataset.add_event("E", 1_772_582_400_123, distinct_id=4, insert_id="i", **{"a b": None})

    assert event.line == (
        b'{"event":"E","properties":{"time":1772582400123,"distinct_id":4,"$insert_id":"i","a b":null}}\n'
    )
    assert dataset.events_on(DAY) == [event]
    assert event.properties["a b"] is None


def test_ids_that_are_not_given_are_not_there():
    assert set(Dataset.empty().add_event("E", 0).properties) == {"time"}


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 4, 23, 30),
        datetime(2026, 3, 4, 23, 30, tzinfo=UTC),
        datetime(2026, 3, 5, 1, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_times_are_utc(moment):
    assert Dataset.empty().add_event("E", moment).day == DAY


def test_text_without_utf8_form_is_sent_escaped():
    event = Dataset.empty().add_event("E", 0, faulty="\ud83d")

    assert b'"\\ud83d"' in event.line


@given(
    name=st.text(st.characters(exclude_categories=["Cs"])),
    time_ms=st.integers(1_000, 10**14),
    key=st.text(st.characters(exclude_categories=["Cs"])).filter(lambda key: key != "time"),
)
def test_seconds_change_the_event_time_and_nothing_else(name, time_ms, key):
    properties = {key: {"time": 1_772_582_400_123}, "text": '"properties":{"time":1772582400123}'}
    event = Dataset.empty().add_event(name, time_ms, **properties)
    in_ms, in_s = b'"time":%d' % time_ms, b'"time":%d' % (time_ms // 1000)

    assert in_seconds(event.line) == event.line.replace(in_ms, in_s, 1)


def test_events_can_be_removed():
    dataset = Dataset.empty()
    fill(dataset)

    assert dataset.remove_events(lambda event: event.properties["distinct_id"] == "u3") == 1
    assert len(list(dataset.lines(DAY, DAY))) == 39


def test_a_copy_changes_on_its_own():
    dataset = Dataset.empty()
    fill(dataset)
    dataset.set_profile("u1", {})
    copy = dataset.copy()

    copy.add_event("E", datetime(2026, 3, 4))
    dataset.add_line(DAY, b"raw\n")
    copy.remove_profile("u1")

    assert (len(copy.events_on(DAY)), len(dataset.events_on(DAY))) == (41, 40)
    assert b"raw" not in b"".join(copy.lines(DAY, DAY))
    assert dataset.profile("u1")


def test_threads_may_write_and_read_at_once():
    dataset = Dataset.empty()

    def work() -> None:
        for _ in range(20):
            fill(dataset, 5)
            list(dataset.lines(DAY, DAY))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(dataset.events_on(DAY)) == 400


@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=6), size=st.integers(1, 50))
def test_packed_bodies_join_to_one_gzip_member(parts, size):
    def pieces(data: bytes):
        return (data[start : start + size] for start in range(0, len(data), size))

    joined = b"".join(compression.join(pieces(compression.pack(part)) for part in parts))

    member = zlib.decompressobj(31)
    assert member.decompress(joined) == b"".join(parts)
    assert (member.eof, member.unused_data) == (True, b"")


@given(pieces=st.lists(st.binary(max_size=2000)))
def test_rechunking_keeps_the_bytes(pieces):
    chunks = list(rechunk(iter(pieces)))

    assert b"".join(chunks) == b"".join(pieces)
    assert all(chunks)


def _files(folder: Path, *, packed: bool) -> dict[date, Path]:
    source = Dataset.empty()
    for day in (DAY, NEXT):
        fill(source, day=day)
    files = {}
    for day in (DAY, NEXT):
        lines = b"".join(source.lines(day, day))
        data = compression.pack(lines) if packed else gzip.compress(lines)
        files[day] = folder / f"{day}.ndjson.gz"
        files[day].write_bytes(data)
    return files


@pytest.mark.parametrize("packed", [True, False])
def test_days_in_files_are_served_like_days_in_memory(tmp_path, packed):
    dataset = Dataset.from_files(_files(tmp_path, packed=packed))
    memory = Dataset.empty()
    for day in (DAY, NEXT):
        fill(memory, day=day)

    for last in (DAY, NEXT):
        for time_in_ms in (True, False):
            wanted = b"".join(memory.body(DAY, last, time_in_ms=time_in_ms).plain())
            body = dataset.body(DAY, last, time_in_ms=time_in_ms)
            member = zlib.decompressobj(31)
            assert member.decompress(b"".join(body.gzipped())) == wanted
            assert (member.eof, member.unused_data) == (True, b"")
            assert b"".join(body.plain()) == wanted
        assert dataset.body(DAY, last, time_in_ms=True).size == len(
            b"".join(memory.lines(DAY, last))
        )


def test_a_stored_file_is_streamed_as_it_is(tmp_path):
    files = _files(tmp_path, packed=False)
    body = Dataset.from_files(files).body(DAY, DAY, time_in_ms=True)

    assert b"".join(body.gzipped()) == files[DAY].read_bytes()


def test_stored_files_can_be_sent_as_members(tmp_path):
    files = _files(tmp_path, packed=False)
    body = Dataset.from_files(files, members=True).body(DAY, NEXT, time_in_ms=True)

    assert b"".join(body.gzipped()) == files[DAY].read_bytes() + files[NEXT].read_bytes()


def test_a_day_in_a_file_takes_no_events(tmp_path):
    dataset = Dataset.from_files(_files(tmp_path, packed=True))

    with pytest.raises(KeyError, match="is in"):
        fill(dataset)


def test_days_are_in_order():
    dataset = Dataset.empty()
    for day in (NEXT, DAY):
        fill(dataset, 1, day)

    assert all(a < b for a, b in pairwise(dataset.days()))
