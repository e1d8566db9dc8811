"""Standard output and error of the process: what is printed is written, or its loss is an error.

Python's own streams lose output in three ways: a stream that can't encode a character raises, a
full disk is noticed when the interpreter has ended, and a closed file descriptor is given to the
next file that is opened, a database for example.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


def prepare() -> None:
    """Make the streams of this process safe to print to. Called once, by ``mp`` itself."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # closed by the caller
            # Writing to a descriptor that is open to read only is an error, as it has to be.
            os.open(os.devnull, os.O_RDONLY)
    output = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    messages = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (output, messages):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            # `\xe9` in place of a character that the encoding lacks
            reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = _Output(output), _Messages(messages)


def encodes_all() -> bool:
    """Return True if stdout can encode every character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().replace("_", "-").startswith("utf")


def flush_output() -> None:
    """Write what is buffered.

    Raises:
        OSError: if it can't be written.
    """
    if sys.stdout:
        sys.stdout.flush()


def is_output_lost() -> bool:
    """Return True if something that was printed could not be written."""
    return isinstance(sys.stdout, _Output) and sys.stdout.is_lost


def drop_output() -> None:
    """Drop what is buffered, so that the interpreter does not try to write it at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


class _Stream(io.TextIOBase):
    """A stream around another one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True


class _Output(_Stream):
    """Standard output, which knows whether something is lost."""

    is_lost = False

    def write(self, text: str) -> int:
        with self._noticed():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._noticed():
            self._stream.flush()

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.is_lost = True
            raise


class _Messages(_Stream):
    """Standard error. Messages are less important than what they are about: one that can't be
    written does not end a command."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()
