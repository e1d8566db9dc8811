"""A lock for many readers or one writer."""

import threading

from mixpanel_data._internal.database.read_write_lock import ReadWriteLock


def test_a_reader_may_reread_while_a_writer_waits_for_it() -> None:
    lock = ReadWriteLock()
    written = threading.Event()

    def write() -> None:
        with lock.writing():
            written.set()

    with lock.reading():
        writer = threading.Thread(target=write)
        writer.start()
        while not lock._waiting_writers:
            written.wait(0.01)
        with lock.reading():
            assert not written.is_set()
    writer.join(10)

    assert written.is_set()


def test_a_block_that_another_thread_ends_counts_for_the_one_that_began_it() -> None:
    lock = ReadWriteLock()
    block = lock.reading()
    block.__enter__()
    assert lock.is_read_by_this_thread()

    ender = threading.Thread(target=block.__exit__, args=(None, None, None))
    ender.start()
    ender.join(10)

    assert not lock.is_read_by_this_thread()
    with lock.writing():
        pass
