"""Copies the newest publication to a publish target, and checks whether one can be reached."""

import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FILE
from mixpanel_data._internal.publish_targets import outcome
from mixpanel_data._internal.publish_targets.configuration import (
    PostgresTarget,
    PublishTarget,
    load_target,
)
from mixpanel_data._internal.publish_targets.errors import failed
from mixpanel_data._internal.publish_targets.outcome import TargetCopy
from mixpanel_data._internal.publish_targets.parquet import check_parquet, copy_to_parquet
from mixpanel_data._internal.publish_targets.postgres import check_postgres, copy_to_postgres
from mixpanel_data._internal.publish_targets.publication import open_publication
from mixpanel_data._internal.settings import Settings, load_settings
from mixpanel_data.exceptions import (
    DatabaseLockedError,
    MixpanelDataError,
    PublishTargetError,
    unexpected_error,
)

OnTable = Callable[[str], None]


def _ignore(table: str) -> None:
    pass


def publish(
    to: str,
    *,
    settings: Settings | None = None,
    only_if_new: bool = False,
    on_table: OnTable = _ignore,
) -> TargetCopy:
    """Copy the newest publication to a publish target, and verify the copy there: ``mp publish``.

    Readers of the target see the former publication or the new one. If this raises, it is the
    former one. The data folder is not locked; a sync may run at the same time.

    Args:
        to: Name of the target, a section ``[publish_targets.NAME]`` of ``.dlt/config.toml``.
        settings: The settings of the project, as :func:`mixpanel_data.settings.load_settings`
            returns them. None: those in force.
        only_if_new: Do nothing if the target has this publication already.
        on_table: Called with the name of each table that is about to be copied.

    Raises:
        ConfigError: if there is no such target, a setting of it is wrong, or a library is missing.
        NothingPublishedError: if nothing is published.
        DatabaseLockedError: if another copy to this target runs, or a program has the published
            file open for writing.
        DatabaseDamagedError: if the published file can't be read.
        PublishTargetError: if the target can't be reached, fails, or has other rows than the
            publication after the copy.
    """
    settings = settings or load_settings()
    target = load_target(settings, to)
    return publish_to(target, settings, only_if_new=only_if_new, on_table=on_table)


def publish_to(
    target: PublishTarget, settings: Settings, *, only_if_new: bool, on_table: OnTable
) -> TargetCopy:
    """Copy the newest publication to ``target``; as :func:`publish`."""
    started = time.monotonic()
    folder = settings.folder
    try:
        with _only_one(target, settings):
            made = _copy(target, settings, only_if_new, on_table)
    except MixpanelDataError as error:
        # The record is for `mp status`, and its failure must not hide the error.
        with suppress(OSError):
            outcome.record_failure(folder, target.name, target.kind, target.place, error.message)
        raise
    made = TargetCopy(**{**vars(made), "seconds": time.monotonic() - started})
    with suppress(OSError):
        outcome.record_copy(folder, made)
    return made


def _copy(
    target: PublishTarget, settings: Settings, only_if_new: bool, on_table: OnTable
) -> TargetCopy:
    try:
        if isinstance(target, PostgresTarget):
            with open_publication(settings, target) as publication:
                return copy_to_postgres(target, publication, on_table, only_if_new=only_if_new)
        return copy_to_parquet(target, settings, on_table, only_if_new=only_if_new)
    except (duckdb.Error, OSError) as error:
        # Damage of the published file has an error of its own; what is left is about this machine.
        problem = " ".join(str(error).split()).rstrip(".")
        more = "Make room for temporary files, or allow more memory: MP_MEMORY_LIMIT."
        raise failed(target, problem, f"Readers have the former publication. {more}") from error


@contextmanager
def _only_one(target: PublishTarget, settings: Settings) -> Any:
    """Hold the lock of the target among the processes of this data folder."""
    path = settings.folder.build / "publish_targets" / f"{target.name}.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, mode=PRIVATE_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DatabaseLockedError(
            f"Publish target {target.name}: another copy to it runs. Wait for it, and run the "
            "command once more.",
            details={"target": target.name},
        ) from None
    try:
        yield
    finally:
        lock.release()


def publish_after_sync(to: str, settings: Settings, *, on_table: OnTable = _ignore) -> TargetCopy:
    """Copy the newest publication to the target ``to``, unless it is there.

    Raises:
        PublishTargetError: for any error, with its code as ``cause``, so that a sync can tell it
            from failures of its own.
    """
    try:
        return publish(to, settings=settings, only_if_new=True, on_table=on_table)
    except PublishTargetError:
        raise
    except Exception as error:  # the sync is done, and its report must not be lost
        known = error if isinstance(error, MixpanelDataError) else unexpected_error(error)
        raise PublishTargetError(
            known.message, details={**known.details, "target": to, "cause": known.code}
        ) from error


def check_target(name: str, *, settings: Settings | None = None) -> str:
    """Return a sentence on a publish target: that it can be reached and written, and what it has.

    Args:
        name: Name of the target.
        settings: The settings of the project. None: those in force.

    Raises:
        ConfigError: if there is no such target, a setting of it is wrong, a library or a right is
            missing.
        PublishTargetError: if it can't be reached.
    """
    target = load_target(settings or load_settings(), name)
    return check_postgres(target) if isinstance(target, PostgresTarget) else check_parquet(target)
