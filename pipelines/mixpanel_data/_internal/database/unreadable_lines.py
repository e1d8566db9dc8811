"""Explains why not all lines became rows."""

from collections.abc import Iterator, Sequence

from mixpanel_data._internal.api.exchange import add_request_context
from mixpanel_data._internal.database.input_files import Kind, Lines
from mixpanel_data._internal.landing.fetch_events import error_for_window
from mixpanel_data._internal.landing.invalid_lines import (
    BadLine,
    find_invalid_lines,
    numbered_lines,
)
from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import (
    HTTPContext,
    IncompleteExportError,
    MixpanelDataError,
    QueryError,
)

MALFORMED = "malformed line"
SHOWN = 3  # lines that a message quotes


def require_all_lines(found: int, lines: Sequence[Lines], kind: Kind, zone: Zone) -> None:
    """Raise an error unless ``found`` rows are all that the lines have, without blank lines.

    Raises:
        IncompleteExportError: if a landed file has unreadable lines.
        QueryError: if a file or records of the user have.
    """
    for item in lines:
        try:
            with add_request_context(lambda: item.request):  # noqa: B023  (called in the block)
                bad = _find_invalid(item, kind, zone)
        except IncompleteExportError as error:
            raise (error_for_window(error, item.window) if item.window else error) from None
        if bad:
            raise _error(item, bad)
    if found != sum(1 for item in lines for _ in numbered_lines(item.path)):
        request = lines[0].request if len(lines) == 1 else HTTPContext()
        raise QueryError("DuckDB did not find as many rows as there are lines.", **request)


def _find_invalid(lines: Lines, kind: Kind, zone: Zone) -> list[BadLine]:
    if kind == "events":
        return find_invalid_lines(lines.path, lines.window, zone)
    return find_invalid_profiles(lines.path)


def _error(lines: Lines, bad: Sequence[BadLine]) -> MixpanelDataError:
    shown = "; ".join(_quotes(bad))
    more = f", and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    numbers = {"lines": [line.number for line in bad[:100]]}
    if not lines.landed:
        return QueryError(f"Of {lines.origin}, nothing was stored: {shown}{more}.", details=numbers)
    first, last = (lines.window.first, lines.window.last) if lines.window else (None, None)
    return IncompleteExportError(
        f"It is complete, but has unreadable lines: {shown}{more}.",
        reason=MALFORMED, from_date=first, to_date=last, details=numbers,
        **lines.request,
    )  # fmt: skip


def _quotes(bad: Sequence[BadLine]) -> Iterator[str]:
    for line in bad[:SHOWN]:
        # What could be repaired in a landed file is refused in a file of the user.
        reason = line.reason if line.repaired is None else "not valid JSON"
        yield f"line {line.number}: {reason} ({line.text[:80]!r})"
