"""A file that reads the rows of a query while the driver asks for bytes."""

from mixpanel_data._internal.database.connections import Connection


class LineReader:
    """A binary file over a query of one text column. It holds a few thousand rows."""

    SIZE = 1 << 18
    """Bytes that the driver is to ask for at once."""

    _ROWS = 4_096

    def __init__(self, db: Connection, sql: str) -> None:
        self._result = db.execute(sql)
        self._rest = b""
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; none at the end.

        Args:
            size: The most bytes. Negative: the bytes of some rows.
        """
        if self._at >= len(self._rest):
            rows = self._result.fetchmany(self._ROWS)
            self._rest, self._at = "".join([line for (line,) in rows]).encode(), 0
        end = len(self._rest) if size < 0 else self._at + size
        piece = self._rest[self._at : end]
        self._at = end
        return piece
