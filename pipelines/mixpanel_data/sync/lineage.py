"""OpenLineage events of a run: the run itself, each load, and each model that dbt built.

They are sent by the library ``openlineage-python``, which reads where to from the environment
variables OPENLINEAGE_… or a file ``openlineage.yml``. Without those, or with OPENLINEAGE_DISABLED,
nothing is sent. A backend that fails costs its events only.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._redaction import redact

if TYPE_CHECKING:
    from mixpanel_data.sync.lineage_events import LineageEvents

DBT_ARTIFACTS = "MP_DBT_ARTIFACTS"
"""If it is set, dbt writes ``manifest.json`` and ``run_results.json``, which have the models."""

_NOT_A_TRANSPORT = ("OPENLINEAGE_DISABLED", "OPENLINEAGE_NAMESPACE")

log = logging.getLogger(__name__)


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return True if the environment, or a file ``openlineage.yml``, names where to send events.

    Args:
        environment: The environment variables.
    """
    if environment.get("OPENLINEAGE_DISABLED", "").lower() in ("true", "1"):
        return False
    if any(n.startswith("OPENLINEAGE_") and n not in _NOT_A_TRANSPORT for n in environment):
        return True
    # The places in which the library searches.
    places = (Path.cwd(), Path.home() / ".openlineage")
    return any((place / "openlineage.yml").is_file() for place in places)


class Lineage:
    """Sends the events of one run. After the first failure it sends no more."""

    def __init__(
        self,
        folder: DataFolder,
        project: Callable[[], tuple[str, str]],
        on_failure: Callable[[str], None],
    ) -> None:
        """Prepare the events of a run.

        Args:
            folder: The data folder.
            project: Returns the id and the region of the project, when it is known.
            on_failure: Called once, with a sentence for the user, if no events can be sent.
        """
        self._folder = folder
        self._project = project
        self._on_failure = on_failure
        self._is_on = is_wanted(os.environ)
        self._events: LineageEvents | None = None

    @property
    def dbt_variables(self) -> dict[str, str]:
        """The environment variables with which dbt writes what :meth:`models` reads."""
        return {DBT_ARTIFACTS: "1"} if self._is_on else {}

    @contextmanager
    def run(self, failures: Sequence[BaseException]) -> Iterator[None]:
        """Send START of the run before the block, and COMPLETE or FAIL after it.

        Args:
            failures: The failed parts, to which the block appends.
        """
        self._send(lambda events: events.run("START", None))
        raised: list[BaseException] = []
        try:
            yield
        except BaseException as error:
            raised.append(error)
            raise
        finally:
            text = _summary([*raised, *failures])
            self._send(lambda events: events.run("FAIL" if text else "COMPLETE", text))

    @contextmanager
    def load(self, landed: Sequence[Landed]) -> Iterator[None]:
        """Send START of a load before the block, and COMPLETE or FAIL after it.

        With the engine spark nothing is sent, since the tables are in no file of the folder.
        """
        if self._folder.engine == "spark":
            yield
            return
        rows: Counter[str] = Counter()
        for file in landed:
            rows[file.kind] += file.lines
        run_id = str(uuid4())
        self._send(lambda events: events.load(run_id, rows, "START", None))
        try:
            yield
        except BaseException as error:
            text = _summary([error])
            self._send(lambda events: events.load(run_id, rows, "FAIL", text))
            raise
        self._send(lambda events: events.load(run_id, rows, "COMPLETE", None))

    @contextmanager
    def build(self) -> Iterator[None]:
        """After the block, which runs dbt, send START and COMPLETE or FAIL of each model, at the
        times at which dbt ran it."""
        target = self._folder.build / "target"
        if self._is_on:
            # The results of an earlier build must not count if this one has none.
            (target / "run_results.json").unlink(missing_ok=True)
        try:
            yield
        finally:
            self._send(lambda events: events.models(target))

    def _send(self, act: "Callable[[LineageEvents], None]") -> None:
        """Let ``act`` send events. Its first error is reported, and nothing is sent from then on."""
        if not self._is_on:
            return
        try:
            self._events = self._events or self._create()
            act(self._events)
        except Exception as error:  # noqa: BLE001  (backends raise many kinds, and no run may fail)
            self._is_on = False
            reason = redact(f"{type(error).__name__}: {error}")
            if isinstance(error, ImportError):
                reason = f"install the extra, `pip install 'mixpanel-data[openlineage]'` ({reason})"
            log.warning("No lineage is sent from here on: %s", reason)
            self._on_failure(f"No lineage is sent from here on: {reason}")

    def _create(self) -> "LineageEvents":
        from mixpanel_data.sync.lineage_events import LineageEvents

        return LineageEvents(self._folder, *self._project())


def _summary(errors: Sequence[BaseException]) -> str | None:
    """Return the first error in words, and the number of the others; None if there is none."""
    if not errors:
        return None
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{type(errors[0]).__name__}: {errors[0]}{more}"
