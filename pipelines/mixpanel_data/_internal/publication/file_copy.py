"""Copies a DuckDB file and computes a digest of each of its blocks."""

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HEADERS = 3 * 4096
"""Bytes before the first block: DuckDB's main header and its two database headers."""

BLOCK = 256 * 1024
"""Bytes of a block: DuckDB's default, which all our files have."""

_AT_ONCE = 32 * 1024 * 1024


@dataclass(frozen=True)
class Digests:
    """``whole`` is equal for equal files; ``blocks`` has the SHA-256 of each block, by its
    number."""

    whole: str
    blocks: Sequence[bytes]


def copy_file(source: Path, target: Path) -> None:
    """Copy ``source`` over the existing ``target``. File systems that can do so share the
    blocks."""
    with source.open("rb") as reads, target.open("r+b") as writes:
        size = os.fstat(reads.fileno()).st_size
        done = 0
        with contextlib.suppress(OSError, AttributeError):  # macOS has no copy_file_range
            while done < size:
                moved = os.copy_file_range(reads.fileno(), writes.fileno(), size - done, done, done)
                if moved == 0:
                    break
                done += moved
        reads.seek(done)
        writes.seek(done)
        while chunk := reads.read(_AT_ONCE):
            writes.write(chunk)
        writes.truncate(size)


def file_digests(path: Path) -> Digests:
    """Return the digests of the bytes of ``path``."""
    with path.open("rb") as file:
        header = file.read(HEADERS)
        blocks = [hashlib.sha256(block).digest() for block in iter(lambda: file.read(BLOCK), b"")]
    return Digests(hashlib.sha256(header + b"".join(blocks)).hexdigest(), blocks)


def digest_in_subprocess(path: Path) -> str:
    """Return ``digests(path).whole``, read by a separate process.

    POSIX locks belong to a process: if this one opened and closed a file that a notebook in it
    reads, that reader's lock would be lost.

    Raises:
        OSError: if the file can't be read.
    """
    return _in_subprocess(path).strip()


def copy_in_subprocess(source: Path, target: Path) -> None:
    """Copy ``source`` to the new file ``target`` by a separate process, and write it to the disk.

    This process may have ``source`` open in DuckDB, and keeps its lock: see
    :func:`digest_in_subprocess`.

    Raises:
        OSError: if ``source`` can't be read, ``target`` exists, or can't be written.
    """
    _in_subprocess(source, target)


def _in_subprocess(path: Path, *target: Path) -> str:
    command = [sys.executable, "-I", "-S", __file__, str(path), *map(str, target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        what = f"can't be copied to {target[0]}" if target else "can't be read"
        raise OSError(f"{path} {what}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def _copy_to_new_file(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    copy_file(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _copy_to_new_file(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        print(file_digests(Path(sys.argv[1])).whole)
