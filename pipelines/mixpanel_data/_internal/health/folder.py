"""Checks of a data folder: disk, lock, files that killed runs left, permissions, databases."""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage import database_files
from mixpanel_data._internal.data_folder.lock import exclusive, find_holder
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.health.leftovers import (
    exposed_files,
    find_leftovers,
    hide_files,
    remove_leftovers,
)
from mixpanel_data._internal.publication.build_file import build_file, damaged_folder
from mixpanel_data._internal.publication.build_stamp import read_stamp
from mixpanel_data._internal.text import MB, format_size

SHOWN = 3
"""Files that a finding names."""


def check_data_folder(
    folder: DataFolder, private: Sequence[Path] = (), *, fix: bool = False
) -> list[Finding]:
    """Check the folder; with ``fix``, remove leftovers and correct permissions.

    Args:
        folder: The data folder.
        private: Further files that only their owner may read, such as that of the accounts.
        fix: Do what is safe. Nothing is removed while another process has the folder's lock.

    Raises:
        StorageError: with ``fix``, if a file can't be removed or changed.
    """
    if not folder.root.is_dir():
        return [*_permissions(folder, private, fix=fix), _disk(folder)]
    holder = find_holder(folder)
    return [
        _disk(folder),
        _lock(holder),
        *([] if holder is not None else [_leftovers(folder, fix=fix)]),
        *_kept(folder),
        *_permissions(folder, private, fix=fix),
        *([] if holder is not None else _build(folder)),
    ]


def _disk(folder: DataFolder) -> Finding:
    at = next(path for path in (folder.root, *folder.root.parents) if path.exists())
    free = shutil.disk_usage(at).free
    sizes = {path: path.stat().st_size for path in database_files(folder.root)}
    # A publication copies the build; a compaction writes the raw database a second time.
    copy = sizes.get(build_file(folder), 0) + 100 * MB
    rewrite = sizes.get(folder.raw, 0) + copy
    value = f"{format_size(free)} free"
    if free < copy:
        value += f", and a publication needs {format_size(copy)}. Make room on that disk."
        return Finding("disk", value, "error", str(at))
    if free < rewrite:
        value += f", and a run can need {format_size(rewrite)}. Make room on that disk."
        return Finding("disk", value, "warning", str(at))
    return Finding("disk", value, "ok", str(at))


def _lock(holder: dict[str, object] | None) -> Finding:
    if holder is None:
        return Finding("lock", "free")
    if {"pid", "command", "since"} <= holder.keys():
        who = "process {pid} ({command}, since {since})".format(**holder)
        return Finding("lock", f"in use by {who}", "ok")
    return Finding("lock", "in use by another process", "ok")


def _leftovers(folder: DataFolder, *, fix: bool) -> Finding:
    if fix:
        with exclusive(folder):
            removed = remove_leftovers(folder)
        if removed:
            value = f"removed: {_named(folder, [each.path for each in removed])}"
            return Finding("leftover files", value)
    found = find_leftovers(folder)
    if not found:
        return Finding("leftover files", "none")
    size = format_size(sum(each.bytes for each in found))
    kinds = ", ".join(sorted({each.what for each in found}))
    names = _named(folder, [each.path for each in found])
    value = f"{kinds} ({size}): {names}. The next run or `mp doctor --fix` removes them."
    return Finding("leftover files", value, "warning")


def _kept(folder: DataFolder) -> list[Finding]:
    """Files that are kept for a person, and that nothing removes."""
    paths = [
        *sorted(folder.root.glob("*-before-*.duckdb")),
        *sorted(damaged_folder(folder).glob("*")),
    ]
    if not paths:
        return []
    size = format_size(sum(path.stat().st_size for path in paths))
    value = f"{size}: {_named(folder, paths)}. Remove them when you need them no more."
    return [Finding("kept files", value)]


def _permissions(folder: DataFolder, private: Iterable[Path], *, fix: bool) -> list[Finding]:
    found = exposed_files(folder, private)
    if not found:
        return [Finding("permissions", "private files are readable by their owner only")]
    names = _named(folder, found)
    if fix:
        hide_files(found)
        return [Finding("permissions", f"made private: {names}")]
    value = f"other users can read {names}. `mp doctor --fix` makes them private."
    return [Finding("permissions", value, "warning")]


def _build(folder: DataFolder) -> list[Finding]:
    built = build_file(folder)
    with suppress(duckdb.Error):  # in use, or damaged, which `mp verify` reports
        stamp = read_stamp(built)
        if stamp and stamp.built_at is None:
            value = "the last one did not succeed. `mp sync --no-fetch` builds and publishes."
            return [Finding("build", value, "warning", str(built))]
        if stamp:
            return [Finding("build", f"succeeded {stamp.built_at:%Y-%m-%d %H:%M} UTC", "ok")]
    return []


def _named(folder: DataFolder, paths: Sequence[Path]) -> str:
    shown = [
        str(path.relative_to(folder.root) if path.is_relative_to(folder.root) else path)
        for path in paths[:SHOWN]
    ]
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(shown) + more
