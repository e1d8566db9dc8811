"""Whatever is to be put into a table, as files of lines that DuckDB reads itself: a row at a time
it would take hours."""

import gzip
import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mixpanel_data._internal.database.sealed import spool
from mixpanel_data._internal.landing.body_verifier import incomplete_export
from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.landing.invalid_lines import numbered_lines
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import QueryError

Kind = Literal["events", "profiles"]
File = Landed | Path | str
Data = Iterable[Mapping[str, Any]] | File | Sequence[File]
"""Records as Mixpanel exports them, or files of them, an object a line; ``.gz`` ones too."""

_PROFILE = b'{"n":%d,"profile":%s}\n'  # as in a landed file
_NOT_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class Lines:
    """A file with an object on each line."""

    path: Path
    count: int
    longest: int
    """Bytes."""
    origin: str
    """What it was made of, for people."""
    landed: bool = False
    """It came from Mixpanel."""
    window: Window | None = None
    """The days that all events must be of."""
    rejects: tuple[Reject, ...] = ()
    size: int = 0
    """Bytes as they came over the wire; 0 where they did not."""
    requests: int = 0


@contextmanager
def lines_of(data: Data, kind: Kind, database: Path | None) -> Iterator[list[Lines]]:
    """``data`` as files, on the way into ``database``, which are there until the block ends.

    Raises:
        IncompleteExportError: a file is not whole.
        QueryError: a record that JSON can't hold; the message has its number.
    """
    with spool(database) as folder:
        names = (folder / f"{number}.ndjson" for number in range(1_000_000_000))
        files = _files(data)
        if files is None:
            yield [_spool(data, kind, next(names))]  # type: ignore[arg-type]  # no files: records
        else:
            yield [
                _landed(file)
                if isinstance(file, Landed)
                else _copied(Path(file), kind, next(names))
                for file in files
            ]


def _files(data: Data) -> Sequence[File] | None:
    if isinstance(data, File):
        return [data]
    if isinstance(data, Sequence) and data and all(isinstance(item, File) for item in data):
        return data
    return None


def _landed(file: Landed) -> Lines:
    return Lines(
        path=file.path, count=file.lines, longest=file.largest_object, origin=str(file.window),
        landed=True, window=file.window if file.kind == "events" else None, rejects=file.rejects, size=file.size,
        requests=file.requests,
    )  # fmt: skip


def _spool(records: Iterable[Mapping[str, Any]], kind: Kind, path: Path) -> Lines:
    return _written(
        path, (_encoded(n, item) for n, item in enumerate(records, 1)), kind, "the records"
    )


def _encoded(number: int, record: object) -> bytes:
    try:
        if not isinstance(record, Mapping):
            raise TypeError(f"it is a {type(record).__name__}, not a dict")
        # Not as escapes: DuckDB refuses a file with a lone surrogate, and so do we, by its number.
        text = json.dumps(dict(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise QueryError(
            f"Record {number} can't be stored: {error}.", details={"record": number}
        ) from None


def _copied(path: Path, kind: Kind, copy: Path) -> Lines:
    """A file of somebody else, counted, and without blank lines."""
    if path.suffix == ".gz":
        path = _inflated(path, copy.with_suffix(".raw"))
    return _written(copy, (line for _, line in numbered_lines(path)), kind, str(path))


def _inflated(path: Path, to: Path) -> Path:
    try:
        with gzip.open(path) as source, to.open("wb") as target:
            shutil.copyfileobj(source, target)
    except _NOT_GZIP as error:
        raise incomplete_export("cut gzip", f"{path} is no whole gzip file ({error})") from None
    return to


def _written(path: Path, contents: Iterable[bytes], kind: Kind, origin: str) -> Lines:
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
