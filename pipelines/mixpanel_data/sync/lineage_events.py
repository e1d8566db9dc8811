"""The OpenLineage events themselves, and the client that sends them.

Its import takes as long as that of ``openlineage-python``, which is an extra.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.generated.error_message_run import ErrorMessageRunFacet
from openlineage.client.generated.output_statistics_output_dataset import (
    OutputStatisticsOutputDatasetFacet,
)
from openlineage.client.generated.parent_run import Job as ParentJob
from openlineage.client.generated.parent_run import ParentRunFacet
from openlineage.client.generated.parent_run import Run as ParentRun
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._redaction import redact

PREFIX = "mixpanel_data"
"""Jobs are ``mixpanel_data.sync``, ``mixpanel_data.load``, and ``mixpanel_data.MODEL``."""

PRODUCER = "https://github.com/mixpanel-data/mixpanel-data"

_ENDS = {"success": "COMPLETE", "error": "FAIL"}
"""dbt's status of a model, without that of one that was skipped."""

Json = Mapping[str, Any]
Columns = Iterable[tuple[str, str, str]]
"""Name, type and description of each column."""


class LineageEvents:
    """Sends the events of one run.

    Every method raises what the transport raises.
    """

    def __init__(self, folder: DataFolder, project_id: str, region: str) -> None:
        self._folder = folder
        self._mixpanel = f"mixpanel://{region}/{project_id}"
        self._client = OpenLineageClient()
        self._namespace = os.environ.get("OPENLINEAGE_NAMESPACE", PREFIX)
        self._run_id = str(uuid4())

    def run(self, state: str, error: str | None) -> None:
        """Send an event of the run: ``START``, ``COMPLETE`` or ``FAIL``."""
        inputs = [InputDataset(self._mixpanel, kind) for kind in ("events", "profiles")]
        outputs = [self._output(self._folder.published, "main.events")]
        self._emit(state, "sync", self._run_id, inputs, outputs, error=error)

    def load(self, run_id: str, rows: Mapping[str, int], state: str, error: str | None) -> None:
        """Send an event of a load of so many ``rows`` of each kind."""
        inputs = [InputDataset(self._mixpanel, kind) for kind in rows]
        outputs = [
            self._output(self._folder.raw, f"mixpanel.{kind}", rows=count)
            for kind, count in rows.items()
        ]
        self._emit(state, "load", run_id, inputs, outputs, error=error)

    def models(self, target: Path) -> None:
        """Send two events of each model in dbt's artifacts in the folder ``target``."""
        if not (target / "run_results.json").is_file():
            return  # dbt ran no model
        manifest = json.loads((target / "manifest.json").read_bytes())
        results = json.loads((target / "run_results.json").read_bytes())
        for result in results["results"]:
            node = manifest["nodes"].get(result["unique_id"], {})
            is_table = node.get("resource_type") == "model" and not _is_temporary(node)
            if is_table and result["status"] in _ENDS:
                self._model(node, result, manifest)

    def _model(self, node: Json, result: Json, manifest: Json) -> None:
        ran: Json = next((each for each in result["timing"] if each["name"] == "execute"), {})
        inputs = [
            InputDataset(*self._place(each), facets=_schema(_columns(each)))
            for each in _tables_read(node, manifest)
        ]
        outputs = [OutputDataset(*self._place(node), facets=_schema(_columns(node)))]
        run_id, state = str(uuid4()), _ENDS[result["status"]]
        error = str(result.get("message") or "") if state == "FAIL" else None
        about = (node["name"], run_id, inputs, outputs)
        self._emit("START", *about, at=ran.get("started_at"))
        self._emit(state, *about, at=ran.get("completed_at"), error=error)

    def _place(self, node: Json) -> tuple[str, str]:
        """Return namespace and name of a table of dbt.

        Models are those of the published file, into which a build goes: no reader opens the file
        that dbt writes.
        """
        file = self._folder.raw if node["resource_type"] == "source" else self._folder.published
        return f"duckdb://{file}", f"{node['schema']}.{node.get('alias') or node['name']}"

    def _output(self, file: Path, name: str, rows: int | None = None) -> OutputDataset:
        facets = {}
        if rows is not None:
            counted = OutputStatisticsOutputDatasetFacet(rowCount=rows, producer=PRODUCER)
            facets["outputStatistics"] = counted
        return OutputDataset(f"duckdb://{file}", name, outputFacets=facets)  # type: ignore[arg-type]

    def _emit(
        self,
        state: str,
        job: str,
        run_id: str,
        inputs: list[InputDataset],
        outputs: list[OutputDataset],
        *,
        at: str | None = None,
        error: str | None = None,
    ) -> None:
        facets: dict[str, Any] = {}
        if run_id != self._run_id:
            facets["parent"] = ParentRunFacet(
                run=ParentRun(runId=self._run_id),
                job=ParentJob(namespace=self._namespace, name=f"{PREFIX}.sync"),
                producer=PRODUCER,
            )
        if error is not None:
            facets["errorMessage"] = ErrorMessageRunFacet(
                message=redact(error), programmingLanguage="Python", producer=PRODUCER
            )
        self._client.emit(
            RunEvent(
                eventType=RunState[state],
                eventTime=at or datetime.now(UTC).isoformat(),
                run=Run(runId=run_id, facets=facets),
                job=Job(namespace=self._namespace, name=f"{PREFIX}.{job}"),
                inputs=inputs,
                outputs=outputs,
                producer=PRODUCER,
            )
        )


def _tables_read(node: Json, manifest: Json) -> list[Json]:
    """Return the tables that a model reads, also through models that exist during a build only."""
    found: dict[str, Json] = {}
    waiting, seen = list(node["depends_on"]["nodes"]), set()
    while waiting:
        name = waiting.pop(0)
        other = manifest["sources"].get(name) or manifest["nodes"].get(name)
        if other is None or name in seen:
            continue
        seen.add(name)
        if _is_temporary(other):
            waiting += other["depends_on"]["nodes"]
        else:
            found[name] = other
    return list(found.values())


def _is_temporary(node: Json) -> bool:
    """Return True for a model that is no table, or a view over raw data, which no publication
    has."""
    if node["resource_type"] != "model":
        return False
    return bool(node["schema"] == "staging" or node["config"]["materialized"] == "ephemeral")


def _columns(node: Json) -> Columns:
    for column in node["columns"].values():
        yield column["name"], column.get("data_type") or "", column.get("description") or ""


def _schema(columns: Columns) -> dict[str, Any]:
    fields = [
        SchemaDatasetFacetFields(name=name, type=kind or None, description=description or None)
        for name, kind, description in columns
    ]
    return {"schema": SchemaDatasetFacet(fields=fields, producer=PRODUCER)} if fields else {}
