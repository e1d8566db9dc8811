"""Every way in which a server can send back what it was sent, and every place where that may be found afterwards."""

import base64
import contextlib
import gzip
import html
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
from integration.hostile.conftest import SECRET, USERNAME

from support.scripted_server import gzipped, http

MIDDAY = 1_773_144_000_000  # 2026-03-10, 12:00 UTC


def spellings(username: str, secret: str) -> dict[str, str]:
    """The secret as a server may spell it."""
    pair = base64.b64encode(f"{username}:{secret}".encode()).decode()
    units = [f"{unit:04x}" for unit in map(ord, secret)]
    return {
        "in clear": secret,
        "in JSON": json.dumps(secret)[1:-1],
        "in JSON, escaped": "".join(f"\\u{unit}" for unit in units),
        "in JSON, escaped, upper case": "".join(f"\\u{unit.upper()}" for unit in units),
        "in JSON, some escaped": "".join(
            f"\\u{unit}" if n % 3 else letter
            for n, (unit, letter) in enumerate(zip(units, secret, strict=True))
        ),
        "in JSON in JSON": "".join(f"\\\\u{unit}" for unit in units),
        "in JSON in JSON in JSON": "".join(f"\\\\\\\\u{unit}" for unit in units),
        "in HTML, by numbers": "".join(f"&#{ord(letter)};" for letter in secret),
        "in HTML, by hex numbers": "".join(f"&#x{ord(letter):X};" for letter in secret),
        "in a URL": quote(secret, safe=""),
        "in a form": quote_plus(secret),
        "in a URL, all of it": "".join(f"%{byte:02x}" for byte in secret.encode()),
        "in a URL, upper case": "".join(f"%{byte:02X}" for byte in secret.encode()),
        "in HTML": html.escape(secret),
        "basic": pair,
        "basic, bare": pair.rstrip("="),
        "basic, in a URL": quote(pair, safe=""),
        "alone in base64": base64.b64encode(secret.encode()).decode().rstrip("="),
        "alone in base64, of a URL": base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    }


SPELLINGS = spellings(USERNAME, SECRET)
ALL = " ".join(SPELLINGS.values())
HEADER = f"{SECRET} Basic {SPELLINGS['basic']}"


def chunked(
    body: bytes, size: int, *, status: int = 200, trailers: str = "", **headers: str
) -> bytes:
    """An answer in chunks of ``size`` bytes: what is in it stands over their borders."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head, _, _ = http(status, b"", length=False, Transfer_Encoding="chunked", **headers).partition(
        b"\r\n\r\n"
    )
    return head + b"\r\n\r\n" + coded + f"0\r\n{trailers}\r\n".encode()


def event(**properties: str) -> str:
    return json.dumps(
        {"event": "Paid", "properties": {"time": MIDDAY, "distinct_id": "u", **properties}}
    )


def escaped_event() -> str:
    """An event whose values have escapes in them, as only a server that means it writes them."""
    values = ", ".join(f'"p{n}": "{text}"' for n, text in enumerate(SPELLINGS.values()))
    return f'{{"event": "Paid", "properties": {{"time": {MIDDAY}, "distinct_id": "u", {values}}}}}'


def page(**other: object) -> str:
    profile = {"$distinct_id": "u", "$properties": {"echo": ALL, SECRET: 1}}
    return json.dumps(
        {"page": 0, "page_size": 1, "session_id": "s", "total": 2, "results": [profile], **other}
    )


GOOD = event()
BAD = f'{{"event": "Paid", "properties": {{"time": nothing, "echo": "{ALL}"}}}}'
LINES = {
    "events": f"{GOOD}\n{event(echo=ALL)}\n{escaped_event()}\n",
    "a bad line in the middle": f"{GOOD}\n{BAD}\n{GOOD}\n",
    "a bad last line": f"{GOOD}\n{BAD}",
    "no event": f'{GOOD}\n{{"echo": "{ALL}"}}\n',
    "a day outside": f"{GOOD}\n" + event(echo=ALL).replace(str(MIDDAY), "1600000000000") + "\n",
    "cut off": f"{GOOD}\n{event(echo=ALL)}\nterminated early {ALL}",
}
WRONG = {
    "an error with 200": json.dumps({"error": ALL, "request": {SECRET: ALL}}),
    "an error with 200, spelled out": f'{{"error": "{ALL}"}}',
    "a list": json.dumps([ALL]),
    "a text": json.dumps(ALL),
    "no JSON": ALL,
    "HTML": f"<html><body>{html.escape(ALL)}</body></html>",
    "a page": page(),
    "a page and its session": page(session_id=f"s-{SECRET}"),
    "a wrong page": page(page=SECRET),
    "profiles that are none": page(results=[ALL, {"$distinct_id": ALL}]),
}
HEADERS = {
    "location": http(302, "", Location=f"https://{SECRET}.example/{ALL.replace(' ', '/')}?a={SECRET}"),
    "location with user": http(307, "", Location=f"https://{USERNAME}:{SECRET}@elsewhere.example/"),
    "www-authenticate": http(401, ALL, WWW_Authenticate=f'Basic realm="{HEADER}"'),
    "rate limit": http(
        429, ALL, Retry_After=SECRET, RateLimit=HEADER, RateLimit_Policy=f'"{SECRET}";q=60;w=3600',
        X_Request_Id=HEADER,
    ),
    "set-cookie": http(500, ALL, Set_Cookie=f"a={SECRET}; Path=/"),
    "content-encoding": http(200, ALL, Content_Encoding=SECRET),
    "content-type": http(200, ALL, Content_Type=HEADER),
    "charset": http(400, ALL, Content_Type=f"text/plain; charset={SECRET}"),
}  # fmt: skip
MALFORMED = {
    "reason phrase": http(503, "{}").replace(b"Not So", HEADER.encode()),
    "reason phrase of 200": http(200, GOOD + "\n").replace(b"Not So", HEADER.encode()),
    "status line": f"{HEADER}\r\n\r\n".encode(),
    "header line": f"HTTP/1.1 200 OK\r\n{HEADER}\r\n\r\n".encode(),
    "header name": f"HTTP/1.1 200 OK\r\n{SECRET} {SECRET}: x\r\n\r\n".encode(),
    "length": f"HTTP/1.1 200 OK\r\nContent-Length: {SECRET}\r\n\r\n".encode(),
    "chunk size": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HEADER}\r\n".encode(),
    "chunk trailers": chunked(f"{GOOD}\n".encode(), 50, trailers=f"X-Echo: {HEADER}\r\n"),
    "no gzip": http(200, ALL, Content_Encoding="gzip"),
}  # fmt: skip

ANSWERS: dict[str, bytes] = {
    **{f"export: {name}": gzipped(text.encode()) for name, text in LINES.items()},
    **{
        f"export in small chunks: {name}": chunked(LINES[name].encode(), 7)
        for name in ("events", "no event")
    },
    **{f"200: {name}": http(200, text) for name, text in WRONG.items()},
    **{f"{status}": http(status, ALL) for status in (400, 403, 404, 500)},
    **{
        f"{status}, JSON": http(status, WRONG["an error with 200, spelled out"])
        for status in (400, 402, 429)
    },
    "400 in small chunks": chunked(ALL.encode(), 5, status=400),
    "400, cut at the limit": http(400, " " * (65_536 - len(SECRET) // 2) + SECRET),
    "400 in UTF-16": http(400, ALL.encode("utf-16")),
    "400, gzip": http(400, gzip.compress(ALL.encode()), Content_Encoding="gzip"),
    **{f"header: {name}": answer for name, answer in HEADERS.items()},
    **{f"malformed: {name}": answer for name, answer in MALFORMED.items()},
}


def found_in(text: str) -> list[str]:
    """The spellings of the secret, or of most of it, in ``text``."""
    whole = {name: spelling for name, spelling in SPELLINGS.items() if spelling in text}
    return [*whole, *(["most of it"] if not whole and SECRET[:16] in text else [])]


def everywhere(*folders: Path) -> Iterator[tuple[str, str]]:
    """All that is in the files of ``folders``, with the name of each: its bytes, and what databases and gzip hold."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    for path in paths:
        data = path.read_bytes()
        yield str(path), data.decode("latin-1")
        yield f"{path} as UTF-16", data.decode("utf-16-le", "ignore")
        with contextlib.suppress(OSError, EOFError, zlib.error):
            yield f"{path} inflated", gzip.decompress(data).decode("latin-1")
    # Afterwards: a process that opens a database may remove the files beside it.
    for path in paths:
        if path.suffix == ".duckdb":
            yield from _duckdb(path)
        elif path.exists() and path.read_bytes().startswith(b"SQLite format 3"):
            yield from _sqlite(path)


def _duckdb(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()
            yield f"{path}: {schema}.{table}", repr(rows).replace("\\\\", "\\")


def _sqlite(path: Path) -> Iterator[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield f"{path}: {table}", repr(rows).replace("\\\\", "\\")
