"""Converts the input of a table to files of lines that DuckDB reads.

Inserting row by row would take hours.
"""

import gzip
import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mixpanel_data._internal.database.sealed import spool
from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.landing.invalid_lines import numbered_lines
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import HTTPContext, IncompleteExportError, QueryError

Kind = Literal["events", "profiles"]
File = Landed | Path | str
Data = Iterable[Mapping[str, Any]] | File | Sequence[File]
"""Records as Mixpanel exports them, or files of them, one JSON object a line, optionally ``.gz``.
"""

_PROFILE = b'{"n":%d,"profile":%s}\n'  # the form of a landed file
_NOT_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class Lines:
    """A file with one object on each line."""

    path: Path
    count: int
    longest: int
    """Bytes."""
    origin: str
    """The name of the source, for messages."""
    landed: bool = False
    """True if the file was fetched from Mixpanel."""
    window: Window | None = None
    """The days to which all events must belong."""
    rejects: tuple[Reject, ...] = ()
    size: int = 0
    """Bytes received, compressed; 0 if the data is not from Mixpanel."""
    requests: int = 0
    request: HTTPContext = field(default_factory=HTTPContext)
    """The request to Mixpanel, for errors; empty for a user's data."""


@contextmanager
def open_lines(data: Data, kind: Kind, database: Path | None) -> Iterator[list[Lines]]:
    """Yield ``data`` as files to load into ``database``. They exist until the block ends.

    Raises:
        IncompleteExportError: if a file is truncated.
        QueryError: if JSON can't represent a record; the message has its number.
    """
    with spool(database) as folder:
        names = (folder / f"{number}.ndjson" for number in range(1_000_000_000))
        files = _as_files(data)
        if files is None:
            yield [_write_records(data, kind, next(names))]  # type: ignore[arg-type]  # no files: records
        else:
            yield [
                _landed_lines(file)
                if isinstance(file, Landed)
                else _copy_lines(Path(file), kind, next(names))
                for file in files
            ]


def _as_files(data: Data) -> Sequence[File] | None:
    if isinstance(data, File):
        return [data]
    if isinstance(data, Sequence) and data and all(isinstance(item, File) for item in data):
        return data
    return None


def _landed_lines(file: Landed) -> Lines:
    return Lines(
        path=file.path, count=file.lines, longest=file.largest_object, origin=str(file.window),
        landed=True, window=file.window if file.kind == "events" else None, rejects=file.rejects, size=file.size,
        requests=file.requests, request=file.request,
    )  # fmt: skip


def _write_records(records: Iterable[Mapping[str, Any]], kind: Kind, path: Path) -> Lines:
    return _write_lines(
        path, (_encode_record(n, item) for n, item in enumerate(records, 1)), kind, "the records"
    )


def _encode_record(number: int, record: object) -> bytes:
    try:
        if not isinstance(record, Mapping):
            raise TypeError(f"it is a {type(record).__name__}, not a dict")
        # Not escaped: DuckDB rejects a file with a lone surrogate; this names the record.
        text = json.dumps(dict(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise QueryError(
            f"Record {number} can't be stored: {error}.", details={"record": number}
        ) from None


def _copy_lines(path: Path, kind: Kind, copy: Path) -> Lines:
    """Copy a file of the user, counted, and without blank lines."""
    if path.suffix == ".gz":
        path = _decompress(path, copy.with_suffix(".raw"))
    return _write_lines(copy, (line for _, line in numbered_lines(path)), kind, str(path))


def _decompress(path: Path, to: Path) -> Path:
    try:
        with gzip.open(path) as source, to.open("wb") as target:
            shutil.copyfileobj(source, target)
    except _NOT_GZIP as error:
        raise IncompleteExportError(
            f"It ends early, or is not gzip: {error}.",
            reason="cut gzip",
            source=f"The file {path}",
            remedy="Nothing of it was stored. Copy or download the file once more.",
            details={"path": str(path)},
        ) from None
    return to


def _write_lines(path: Path, contents: Iterable[bytes], kind: Kind, origin: str) -> Lines:
    shaped: Callable[[int, bytes], bytes] = (
        (lambda _number, line: line + b"\n")
        if kind == "events"
        else (lambda number, line: _PROFILE % (number, line))
    )
    count = longest = 0
    with path.open("wb") as file:
        for count, content in enumerate(contents, 1):
            line = shaped(count, content)
            longest = max(longest, len(line))
            file.write(line)
    return Lines(path, count, longest, origin)
