"""The resources of the source: each plans from the destination, fetches, and yields what it
loads."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import dlt
from dlt.extract import DltResource, DltSource
from dlt.extract.items_transform import LimitItem, YieldMapItem

from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.extract.extraction import Extraction
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.reader import Ledger
from mixpanel_data._internal.planning.preview import Preview
from mixpanel_data._internal.run.context import Run
from mixpanel_data._internal.run.progress import QUIET
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.streams.profile_sets import ProfileSet, profile_sets
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError
from mixpanel_data.sources import schema
from mixpanel_data.sources.targets import Target, Unreadable, current_target

log = logging.getLogger(__name__)

_failures: ContextVar[list[MixpanelDataError] | None] = ContextVar("failures", default=None)


@contextmanager
def collected_failures() -> Iterator[list[MixpanelDataError]]:
    """Collect the failures of extractions in the block; without it they are only logged."""
    found: list[MixpanelDataError] = []
    token = _failures.set(found)
    try:
        yield found
    finally:
        _failures.reset(token)


@dataclass(frozen=True)
class Wanted:
    """What the caller of the source wants."""

    settings: Settings
    credentials: Credentials
    last: date | None = None
    refetch: bool = False
    full_profiles: bool = False

    @property
    def sets(self) -> list[ProfileSet]:
        """The sets of profiles: of users, and of the configured groups."""
        return profile_sets(self.settings.groups)


@dataclass(frozen=True)
class Fetched:
    """A verified file, and where it goes: one yield of a resource, and so one item of
    ``add_limit``."""

    file: Landed
    fetch: "Fetch"

    def __len__(self) -> int:
        return self.file.lines

    @property
    def shape(self) -> tuple[int]:
        """The rows, as ``add_limit(count_rows=True)`` counts them."""
        return (self.file.lines,)


class Fetch:
    """The requests of one resource in one extraction."""

    def __init__(self, kind: str, wanted: Wanted, target: Target) -> None:
        self._kind = kind
        self._wanted = wanted
        self.target = target
        # Each resource has a folder, since it removes what it does not know. add_limit closes the
        # generator before the last file is converted, so a temporary folder ends with this object.
        self._temporary = None if target.landing() else tempfile.TemporaryDirectory()
        landing = target.landing() or Path(self._temporary.name if self._temporary else "")
        self._run = Run(
            wanted.settings,
            wanted.credentials,
            client=None,
            progress=QUIET,
            state=_Pinned(target),
            landing=landing / kind,
        )
        self._extraction = Extraction(
            self._run,
            refetch=wanted.refetch,
            full_profiles=wanted.full_profiles,
            profile_kinds=[kind],
        )
        self._succeeded = False

    def files(self) -> Iterator[Landed]:
        """Yield the verified files that are due.

        Raises:
            MixpanelDataError: if nothing could be fetched, and no further request makes sense.
        """
        wanted, run = self._wanted, self._run
        self.target.require_pyarrow()
        ledger = self._checked_ledger()
        try:
            if self._kind == schema.EVENTS:
                _discard_loaded(run, ledger)
                for file in self._extraction.event_files(self._extraction.begin(None, wanted.last)):
                    self._succeeded = True
                    yield file
            else:
                run.landing.remove_leftovers()
                for file in self._extraction.land_profiles():
                    self._succeeded = True
                    yield file
        finally:
            self._report()
        if run.stopped and run.report.failures and not self._succeeded:
            raise run.report.failures[0]

    def preview(self) -> Preview:
        """Return the requests that :meth:`files` would send for events."""
        self._checked_ledger()
        return self._extraction.preview(None, self._wanted.last)

    def _checked_ledger(self) -> Ledger:
        settings = self._wanted.settings
        settings.folder.create()  # of the request budget
        ledger = self._run.ledger()
        if self.target.state:
            self.target.state.require_same(ledger, self._wanted.credentials, settings.zone)
        return ledger

    def items(self, file: Landed) -> Iterator[Any]:
        """Yield the items of a file. If DuckDB can't read it, refetch it without those lines."""
        try:
            yield from self._items(file)
        except Unreadable:
            try:
                yield from self._items(self._extraction.refetch(file))
            except Unreadable:
                self._run.record_failure(_unreadable_error(file))
            except MixpanelDataError as error:
                self._run.record_failure(error)

    def _items(self, file: Landed) -> Iterator[Any]:
        yield from self.target.items(file, self._run.project, self._run.ledger())

    def _report(self) -> None:
        for warning in self._run.report.warnings:
            log.warning("%s", warning)
        for error in self._run.report.failures:
            log.error("%s", error)
        collected = _failures.get()
        if collected is not None:
            collected += self._run.report.failures


@dataclass(frozen=True)
class Files:
    """The generator of a resource: its verified files."""

    kind: str
    wanted: Wanted

    def __call__(self) -> Iterator[Fetched]:
        """Plan from the destination of the extraction that runs now, and yield what is fetched."""
        fetch = Fetch(self.kind, self.wanted, current_target(self.wanted.sets))
        for file in fetch.files():
            yield Fetched(file, fetch)


def preview_events(source: DltSource, pipeline: dlt.Pipeline) -> Preview:
    """Return the requests for events that a run of ``source`` in ``pipeline`` would send now."""
    generator = source.resources[schema.EVENTS]._pipe.gen
    assert isinstance(generator, Files)  # noqa: S101  (resource() made it)
    target = Target(pipeline, "", generator.wanted.sets)
    return Fetch(schema.EVENTS, generator.wanted, target).preview()


class _Pinned:
    """The state of a target, as a run reads it."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def read_ledger(self) -> Ledger:
        return self._target.read_ledger()

    def rejected_lines(self, window: Window) -> set[str]:
        return self._target.state.rejected_lines(window) if self._target.state else set()

    def rejected_profiles(self, kind: str) -> set[str]:
        return self._target.state.rejected_profiles(kind) if self._target.state else set()


class _Limit(LimitItem):
    """Counts requests, not the tables that their files become."""


class _Expand(YieldMapItem):
    """Converts a file into the items that dlt loads."""

    placement_affinity: ClassVar[float] = 0


class MixpanelResource(DltResource):
    """A resource whose ``add_limit`` counts requests: a whole window of days, or a read of
    profiles."""

    def add_limit(
        self,
        max_items: int | None = None,
        max_time: float | None = None,
        count_rows: bool | None = False,
    ) -> "MixpanelResource":
        """Limit the requests, or with ``count_rows`` their rows. No day is loaded in part."""
        self._pipe.remove_by_type(LimitItem)
        # Directly behind the generator, and before the files are converted.
        self.add_step(_Limit(max_items, max_time, bool(count_rows)), insert_at=1)
        return self


def resource(kind: str, wanted: Wanted) -> MixpanelResource:
    """Return the resource of a kind: ``events``, ``profiles`` or ``group_profiles``."""

    made = MixpanelResource.from_data(Files(kind, wanted), name=kind, selected=True)
    assert isinstance(made, MixpanelResource)  # noqa: S101  (from_data is typed as its base)
    made.add_step(_Expand(_expand))
    return made


def ledger_resource() -> DltResource:
    """Return the resource ``_metadata``. Its rows come from the other resources, with the rows that
    they describe; it makes the table exist."""

    def ledger() -> Iterator[Any]:
        target = current_target(())
        if target.kind != "imports" and target.state and not target.read_ledger().loads:
            yield from target.first_items(schema.LEDGER)

    return DltResource.from_data(ledger, name=schema.LEDGER, selected=True)


def _expand(fetched: Fetched) -> Iterator[Any]:
    yield from fetched.fetch.items(fetched.file)


def _discard_loaded(run: Run, ledger: Ledger) -> None:
    """Delete the verified files whose days the destination has: those of completed loads."""
    for file in run.landing.verified_files(schema.EVENTS):
        moment = file.fetched_at.replace(tzinfo=None)
        records = [ledger.days.get(day) for day in file.window.days()]
        if all(record is not None and record.fetched_at == moment for record in records):
            file.discard()


def _unreadable_error(file: Landed) -> IncompleteExportError:
    days = (file.window.first, file.window.last) if file.kind == schema.EVENTS else (None, None)
    return IncompleteExportError(
        f"DuckDB can't read the {file.kind} that arrived.",
        reason="unreadable",
        from_date=days[0],
        to_date=days[1],
        **file.request,
    )
