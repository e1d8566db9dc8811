"""Where a Parquet target keeps its files: a folder, or a bucket that speaks S3."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from filelock import FileLock, Timeout

from mixpanel_data._internal.data_folder.atomic_files import flush_to_disk, write_atomically
from mixpanel_data._internal.publish_targets.configuration import ParquetTarget
from mixpanel_data._internal.publish_targets.errors import failed, missing_extra
from mixpanel_data.exceptions import DatabaseLockedError, PublishTargetError

FILES = "tables"
"""The folder of all Parquet files."""

_AT_ONCE = 8 * 1024 * 1024
_CHECK = ".mp-check"
_READABLE = 0o644


class Store(Protocol):
    """Files by their path relative to the target. Each is written whole or not at all."""

    def open_work(self) -> Any:
        """Return a context manager: the only copy to this store, and a folder for new files."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file, in place of a former one."""

    def put(self, file: Path, path: str) -> str:
        """Move a local file there, and return the SHA-256 of what is there then."""

    def files(self) -> dict[str, tuple[int, datetime]]:
        """Return the size and the time of each Parquet file."""

    def delete(self, paths: list[str]) -> None:
        """Delete files."""

    def check(self) -> None:
        """Write and delete a small file."""


def open_store(target: ParquetTarget) -> Store:
    """Return the store of the target.

    Raises:
        ConfigError: if a library is missing.
    """
    return _Bucket(target) if target.is_s3 else _Folder(target)


def digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of what is left in an open file."""
    found = hashlib.sha256()
    while chunk := file.read(_AT_ONCE):
        found.update(chunk)
    return found.hexdigest()


class _Folder:
    def __init__(self, target: ParquetTarget) -> None:
        self._target = target
        self._root = Path(target.path)

    @contextmanager
    def open_work(self) -> Iterator[Path]:
        with self._translate_errors():
            self._root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._root / ".mp-publish.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise _in_use(self._target) from None
            # On the same file system, so that a file is moved there by one rename.
            work = self._root / ".mp-publish"
            try:
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                lock.release()

    def read(self, path: str) -> bytes | None:
        with self._translate_errors():
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, path: str, content: bytes) -> None:
        with self._translate_errors():
            write_atomically(self._root / path, content, mode=_READABLE)
            flush_to_disk(self._root)

    def put(self, file: Path, path: str) -> str:
        with self._translate_errors():
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            flush_to_disk(file)
            file.replace(target)
            flush_to_disk(target.parent)
            with target.open("rb") as written:
                return digest_of(written)

    def files(self) -> dict[str, tuple[int, datetime]]:
        found = {}
        with self._translate_errors():
            for path in (self._root / FILES).rglob("*.parquet"):
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    when = datetime.fromtimestamp(stat.st_mtime, UTC)
                    found[path.relative_to(self._root).as_posix()] = (stat.st_size, when)
        return found

    def delete(self, paths: list[str]) -> None:
        with self._translate_errors():
            for path in paths:
                (self._root / path).unlink(missing_ok=True)
                with suppress(OSError):  # other files are in the folder
                    (self._root / path).parent.rmdir()

    def check(self) -> None:
        with self._translate_errors():
            self._root.mkdir(parents=True, exist_ok=True)
            file = self._root / _CHECK
            file.touch()
            file.unlink()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise failed(
                self._target,
                f"{where}{error.strerror or error}",
                "Readers have the former publication. Make room, or let this user write there.",
            ) from error


class _Bucket:
    def __init__(self, target: ParquetTarget) -> None:
        self._target = target
        self._root = target.path.removeprefix("s3://").strip("/")
        try:
            s3fs, botocore = import_module("s3fs"), import_module("botocore.exceptions")
        except ImportError:
            raise missing_extra(target, "s3fs", "s3") from None
        self._errors = (OSError, botocore.BotoCoreError, botocore.ClientError)
        key, secret = target.access_key_id, target.secret_access_key
        client = {"endpoint_url": target.endpoint_url, "region_name": target.region}
        with self._translate_errors():
            self._fs: Any = s3fs.S3FileSystem(
                key=key.get_secret_value() if key else None,
                secret=secret.get_secret_value() if secret else None,
                profile=target.profile,
                client_kwargs={name: value for name, value in client.items() if value},
                config_kwargs={
                    "connect_timeout": 10,
                    "read_timeout": 60,
                    "retries": {"max_attempts": 3},
                },
                use_listings_cache=False,
                skip_instance_cache=True,
            )

    @contextmanager
    def open_work(self) -> Iterator[Path]:
        # A bucket has no lock: a second copy from another machine is found by the manifest.
        with tempfile.TemporaryDirectory(prefix="mp-publish-") as work:
            yield Path(work)

    def read(self, path: str) -> bytes | None:
        with self._translate_errors():
            try:
                content: bytes = self._fs.cat_file(self._at(path))
            except FileNotFoundError:
                return None
        return content

    def write(self, path: str, content: bytes) -> None:
        with self._translate_errors():
            self._fs.pipe_file(self._at(path), content)

    def put(self, file: Path, path: str) -> str:
        with self._translate_errors():
            self._fs.put_file(str(file), self._at(path))
            file.unlink()
            with self._fs.open(self._at(path), "rb", block_size=_AT_ONCE) as written:
                return digest_of(written)

    def files(self) -> dict[str, tuple[int, datetime]]:
        with self._translate_errors():
            try:
                listed = self._fs.find(self._at(FILES), detail=True)
            except FileNotFoundError:
                return {}
        return {
            path.removeprefix(f"{self._root}/"): (int(info["size"]), info["LastModified"])
            for path, info in listed.items()
            if path.endswith(".parquet")
        }

    def delete(self, paths: list[str]) -> None:
        if paths:
            with self._translate_errors():
                self._fs.rm([self._at(path) for path in paths])

    def check(self) -> None:
        with self._translate_errors():
            self._fs.pipe_file(self._at(_CHECK), b"")
            self._fs.rm_file(self._at(_CHECK))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> PublishTargetError:
        message = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        return failed(
            self._target,
            message,
            "Readers have the former publication. Check the bucket, `endpoint_url`, and the rights "
            "of the key.",
        )


def _in_use(target: ParquetTarget) -> DatabaseLockedError:
    return DatabaseLockedError(
        f"Publish target {target.name}: another copy to {target.path} runs. Wait for it, and run "
        "the command once more.",
        details={"target": target.name},
    )


def changed_meanwhile(target: ParquetTarget) -> DatabaseLockedError:
    """Return the error for a manifest that another program wrote during the copy."""
    return DatabaseLockedError(
        f"Publish target {target.name}: another copy to {target.path} ended during this one, and "
        "is kept. Run the command once more.",
        details={"target": target.name},
    )
