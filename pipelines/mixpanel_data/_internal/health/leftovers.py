"""Files that a killed process left in a data folder, and private files that others can read.

While a process has the folder's lock, the same files are its work in progress.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.file_sets import temporary_files
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.data_folder.private_files import is_exposed, make_private
from mixpanel_data._internal.landing.files import LandingFolder
from mixpanel_data._internal.publication.build_file import build_file


@dataclass(frozen=True)
class Leftover:
    """A file or folder that nothing needs."""

    path: Path
    what: str
    """Its kind: ``a partial landing``, ``a partial copy``, ``a crashed build``."""

    @property
    def bytes(self) -> int:
        """Its size, with everything in it."""
        paths = self.path.rglob("*") if self.path.is_dir() else (self.path,)
        return sum(path.lstat().st_size for path in paths if path.is_file())


def find_leftovers(folder: DataFolder) -> list[Leftover]:
    """Return what killed runs left. The caller must know that no process has the folder's lock."""
    return [
        Leftover(path, what)
        for what, paths in _kinds(folder)
        for path in paths
        if path.exists() or path.is_symlink()
    ]


def _kinds(folder: DataFolder) -> Iterator[tuple[str, Iterable[Path]]]:
    built = build_file(folder)
    yield "a partial landing", LandingFolder.leftovers_of_all(folder.landing)
    for target in (folder.raw, built, folder.published.resolve()):
        yield "a partial copy", place.candidate_files(target)
    yield "a partial copy", temporary_files(folder.export)
    yield "a partial restore", [folder.root / ".restore"]
    for name in ("emptied.duckdb", "retired.duckdb"):
        path = built.with_name(name)
        yield "a crashed build", [path, path.with_name(f"{name}.wal")]
    yield "a crashed build", folder.build.glob("*.part")
    yield "the name of a process that ended", [folder.lock_holder]


def remove_leftovers(folder: DataFolder) -> list[Leftover]:
    """Remove what killed runs left, and return it. The caller must hold the folder's lock."""
    found = [each for each in find_leftovers(folder) if each.path != folder.lock_holder]
    for each in found:
        if each.path.is_dir() and not each.path.is_symlink():
            shutil.rmtree(each.path)
        else:
            each.path.unlink(missing_ok=True)
    return found


def exposed_files(folder: DataFolder, others: Iterable[Path]) -> list[Path]:
    """Return the private files of the folder, and those of ``others``, that other users can
    read."""
    return [path for path in (*folder.private_paths(), *others) if is_exposed(path)]


def hide_files(paths: Iterable[Path]) -> None:
    """Remove the permissions of other users on these files."""
    for path in paths:
        make_private(path)
