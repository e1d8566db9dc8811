"""Where something can happen to a run: by name, so that a renamed function fails its test instead of disarming it."""

import fnmatch
import functools
import os
import pkgutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Point:
    """Before or after the ``nth`` call of ``target`` whose first argument looks like ``on``."""

    when: Literal["before", "after"]
    target: str
    """As ``pkgutil`` resolves it: ``package.module:Class.method``."""
    nth: int = 1
    on: str = "*"

    def arm(self, event: Callable[[], None]) -> None:
        """From now on ``event`` happens there in this process."""
        path, _, name = self.target.replace(":", ".").rpartition(".")
        owner = pkgutil.resolve_name(path)
        setattr(owner, name, self._armed(getattr(owner, name), event))

    def _armed(self, act: Callable[..., Any], event: Callable[[], None]) -> Callable[..., Any]:
        calls = iter(range(1, self.nth + 1))

        @functools.wraps(act)
        def acted(*arguments: Any, **named: Any) -> Any:
            meant = fnmatch.fnmatch(str(next(iter(arguments), "")), self.on)
            here = meant and next(calls, None) == self.nth
            if here and self.when == "before":
                event()
            result = act(*arguments, **named)
            if here and self.when == "after":
                event()
            return result

        return acted


def die() -> None:
    """As by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # another thread than the main one may come here before the signal does


def before(target: str, nth: int = 1, on: str = "*") -> Point:
    """The point before a call."""
    return Point("before", target, nth, on)


def after(target: str, nth: int = 1, on: str = "*") -> Point:
    """The point after a call."""
    return Point("after", target, nth, on)


_OURS = "mixpanel_data._internal"
_PUBLICATION = f"{_OURS}.publication"
_PACKAGES = "dlt.common.storages.load_package:PackageStorage"
_STORAGE = "dlt.common.storages.load_storage:LoadStorage"

LANDING = {
    "lock taken": after(f"{_OURS}.data_folder.lock:_write_holder"),
    "planned": after(f"{_OURS}.extract.extraction:Extraction.next_windows"),
    "before the request": before(f"{_OURS}.api_client:MixpanelAPIClient.export"),
    "first bytes in the .part": after(f"{_OURS}.run.progress:Progress.received"),
    "body at its end, not proven": before(f"{_OURS}.landing.body_verifier:BodyVerifier.finish"),
    "proven, a .part still": before("pathlib:Path.replace", on="*.ndjson.part"),
    "renamed, without a note": after("pathlib:Path.replace", on="*.ndjson.part"),
    "half a note": after("json:dumps"),
    "note beside its place": before("pathlib:Path.replace", on="*.ndjson.tmp"),
    "note written": after(f"{_OURS}.landing.files:Landed.save"),
    "second window": before(f"{_OURS}.landing.body_verifier:BodyVerifier.finish", nth=2),
    "second note": after(f"{_OURS}.landing.files:Landed.save", nth=2),
    "page of profiles": after(f"{_OURS}.run.progress:Progress.page"),
    "profiles landed": before("mixpanel_data.sync.job:Sync.load", nth=3),
}

LOADING = {
    "package complete": after(f"{_OURS}.extract.events:EventWindows.land_package"),
    "pipeline open": after("mixpanel_data.sync.load:open_pipeline"),
    "extracting": after("mixpanel_data.sources.files:add_to_manifest"),
    "before extract commits": before("dlt.extract.extract:Extract.commit_packages"),
    "extracted": after("dlt.extract.extract:Extract.commit_packages"),
    "normalizing": before("dlt.normalize.normalize:Normalize.spool_files"),
    "before normalize commits": before(f"{_STORAGE}.commit_new_load_package"),
    "normalized": after(f"{_STORAGE}.commit_new_load_package"),
    "tables made": after(
        "mixpanel_data.destinations.mixpanel_duckdb:MixpanelDuckDbClient.update_stored_schema"
    ),
    "before the transaction": before(
        "mixpanel_data.destinations.replace_job:_replace_all_or_nothing"
    ),
    "days replaced, no ledger": before("mixpanel_data.destinations.replace_events:_day_counts"),
    "ledger written, no commit": after("mixpanel_data.destinations.ledger_rows:insert_ledger_rows"),
    "committed": after("mixpanel_data.destinations.replace_job:_replace_all_or_nothing"),
    "before dlt's marker": before(f"{_PACKAGES}.save_pending_transition", nth=2),
    "after dlt's marker": after(f"{_PACKAGES}.save_pending_transition", nth=2),
    "job completed": after(f"{_PACKAGES}.complete_job", nth=2),
    "before _dlt_loads": before("dlt.destinations.job_client_impl:SqlJobClientBase.complete_load"),
    "after _dlt_loads": after("dlt.destinations.job_client_impl:SqlJobClientBase.complete_load"),
    "package archived": after(f"{_STORAGE}.complete_load_package"),
    "before the discard": before(f"{_OURS}.landing.files:Landed.discard"),
    "note gone, file there": after("pathlib:Path.unlink", on="*.ndjson.json"),
    "between packages": after("mixpanel_data.sync.job:Sync.load"),
}

LATER = {
    "second package, inside": before(
        "mixpanel_data.destinations.replace_events:_day_counts", nth=2
    ),
    "second package, committed": after(
        "mixpanel_data.destinations.replace_job:_replace_all_or_nothing", nth=2
    ),
    "second package, counted": after(
        "dlt.destinations.job_client_impl:SqlJobClientBase.complete_load", nth=2
    ),
    "snapshot, inside": after("mixpanel_data.destinations.replace_profiles:_ProfileUpdate.update"),
    "snapshot, committed": after(
        "mixpanel_data.destinations.replace_job:_replace_all_or_nothing", nth=3
    ),
    "snapshot, counted": after(
        "dlt.destinations.job_client_impl:SqlJobClientBase.complete_load", nth=3
    ),
    "run over": after("mixpanel_data.sync.job:Sync.finish"),
}

CLEARING = {
    "old load moved": after("pathlib:Path.rename", on="*/pipelines/mixpanel"),
    "old load dropped": after("mixpanel_data.sync.load:drop_unfinished"),
    "swept": after(f"{_OURS}.landing.files:LandingFolder.remove_leftovers"),
}

BUILDING = {
    "file to build in place": after(f"{_PUBLICATION}.build_file:prepare_build_file"),
    "dbt under way": after(f"{_OURS}.run.progress:Progress.building", nth=5),
    "dbt through, not green yet": before(f"{_PUBLICATION}.build_stamp:mark_built"),
    "green": after(f"{_PUBLICATION}.build_stamp:mark_built"),
}

PUBLISHING = {
    "before the seal": before(f"{_PUBLICATION}.publish:_finalize"),
    "sealed": after(f"{_PUBLICATION}.publish:_finalize"),
    "empty file beside it": after(f"{_OURS}.data_folder.place:create_candidate"),
    "copied": after(f"{_PUBLICATION}.file_copy:copy_file"),
    "read back": after(f"{_PUBLICATION}.publish:_read_back"),
    "rights taken": after(f"{_OURS}.data_folder.place:_copy_permissions"),
    "before the swap": before("pathlib:Path.replace", on="*/.mixpanel.duckdb.new"),
    "swapped": after("pathlib:Path.replace", on="*/.mixpanel.duckdb.new"),
    "recorded": after(f"{_PUBLICATION}.record:write_record", nth=2),
    "published": after(f"{_PUBLICATION}.publish:publish"),
}
