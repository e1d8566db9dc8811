"""Checks the schedule on a Prefect server, over its REST API: Prefect itself is not imported."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from mixpanel_data._internal.clock import now
from mixpanel_data._internal.health.findings import Finding, State
from mixpanel_data._redaction import redact

URL = "PREFECT_API_URL"
SECONDS = 5.0
"""The longest wait for an answer of the server."""

LATE = timedelta(minutes=10)
"""How long after its time a run may begin."""

_TAG = "mixpanel"
_DEPLOY = "`prefect --no-prompt deploy --all` in the project's folder deploys it."
_ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A deployment that the project's ``prefect.yaml`` has, and whether a schedule of it is
    active."""

    name: str
    active: bool


def check_schedule(environment: Mapping[str, str], folders: Sequence[Path]) -> list[Finding]:
    """Return what a server says of the deployments in ``prefect.yaml``; nothing without a server.

    Args:
        environment: The variables, of which PREFECT_API_URL names the server.
        folders: The folders in which ``prefect.yaml`` is searched; the first that has it counts.
    """
    address = environment.get(URL, "").rstrip("/")
    if not address:
        return []
    file = next((path for at in folders if (path := at / "prefect.yaml").is_file()), None)
    try:
        wanted = _wanted(file) if file else []
    except (OSError, ValueError, yaml.YAMLError) as error:
        return [Finding("schedule", f"{file} can't be read: {redact(str(error))}", "error", URL)]
    try:
        with httpx.Client(headers=_headers(environment), timeout=SECONDS) as client:
            return _check(_Server(client, address), wanted)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        text = redact(f"{type(error).__name__}: {error}")
        return [
            Finding(
                "schedule",
                f"The Prefect server at {redact(address)} does not answer: {text}. Start it, or "
                f"correct {URL}.",
                "error",
                URL,
            )
        ]


class _Server:
    """The calls that are needed."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client = client
        self._address = address

    def ask(self, path: str, body: Json) -> list[Json]:
        answer = self._client.post(f"{self._address}/{path}/filter", json=body)
        answer.raise_for_status()
        found = answer.json()
        if not isinstance(found, list):
            raise TypeError("the answer is no list")
        return found

    def runs(self, deployment: str, states: list[str], sort: str) -> list[Json]:
        body = {
            "deployments": {"id": {"any_": [deployment]}},
            "flow_runs": {"state": {"type": {"any_": states}}},
            "sort": sort,
            "limit": 1,
        }
        return self.ask("flow_runs", body)


def _headers(environment: Mapping[str, str]) -> dict[str, str]:
    if key := environment.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if user := environment.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
    return {}


def _wanted(file: Path) -> list[Wanted]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    deployments = content.get("deployments") if isinstance(content, dict) else None
    if not isinstance(deployments, list) or not all(isinstance(d, dict) for d in deployments):
        raise ValueError("it has no list of deployments")
    return [
        Wanted(
            str(each.get("name")),
            any(schedule.get("active", True) for schedule in each.get("schedules") or ()),
        )
        for each in deployments
    ]


def _check(server: _Server, wanted: Sequence[Wanted]) -> list[Finding]:
    names = {"name": {"any_": [each.name for each in wanted]}}
    chosen: Json = names if wanted else {"tags": {"all_": [_TAG]}}
    there = {each["name"]: each for each in server.ask("deployments", {"deployments": chosen})}
    found = []
    for each in wanted:
        if each.name not in there:
            state: State = "error" if each.active else "warning"
            value = f"not on the server. {_DEPLOY}"
            found.append(Finding(f"schedule {each.name}", value, state, URL))
    if not wanted and not there:
        found.append(
            Finding("schedule", f"no deployment has the tag {_TAG}. {_DEPLOY}", "error", URL)
        )
    intended = {each.name: each.active for each in wanted}
    for name, deployment in sorted(there.items()):
        found.append(_deployment(server, deployment, active=intended.get(name, True)))
    pools = {pool for each in there.values() if (pool := each.get("work_pool_name"))}
    return [*found, *(_workers(server, pool) for pool in sorted(pools))]


def _deployment(server: _Server, deployment: Json, *, active: bool) -> Finding:
    what = f"schedule {deployment['name']}"
    last = server.runs(deployment["id"], _ENDED, "END_TIME_DESC")
    past = _last(last[0]) if last else "never ran"
    failed = bool(last) and last[0].get("state_type") in ("FAILED", "CRASHED")
    schedules = deployment.get("schedules") or []
    runs = not deployment.get("paused") and any(each.get("active") for each in schedules)
    if not runs:
        how = f"`prefect deployment schedule resume` or {_DEPLOY}"
        value = f"paused; {past}"
        return Finding(
            what,
            f"{value}. {how}" if active else value,
            "warning" if active or failed else "ok",
            URL,
        )
    coming = server.runs(deployment["id"], ["SCHEDULED"], "EXPECTED_START_TIME_ASC")
    if not coming:
        value = f"active, and no run is scheduled; {past}. Restart the server."
        return Finding(what, value, "error", URL)
    moment = _time(coming[0]["expected_start_time"])
    if now() - moment > LATE:
        value = f"late: the run of {moment:%Y-%m-%d %H:%M} UTC has not begun; {past}"
        return Finding(what, f"{value}. Is a worker up?", "error", URL)
    value = f"next run {moment:%Y-%m-%d %H:%M} UTC; {past}"
    return Finding(what, value, "warning" if failed else "ok", URL)


def _last(run: Json) -> str:
    moment = run.get("end_time") or run.get("start_time") or run.get("expected_start_time")
    at = f" {_time(moment):%Y-%m-%d %H:%M} UTC" if moment else ""
    return f"last run {run.get('name')}: {str(run.get('state_name')).lower()}{at}"


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _workers(server: _Server, pool: str) -> Finding:
    workers = server.ask(f"work_pools/{pool}/workers", {})
    online = [str(each.get("name")) for each in workers if each.get("status") == "ONLINE"]
    if online:
        return Finding(f"worker of {pool}", f"online: {', '.join(online)}", source=URL)
    seen = max((str(each.get("last_heartbeat_time")) for each in workers), default="")
    last = f", last seen {_time(seen):%Y-%m-%d %H:%M} UTC" if seen[:1].isdigit() else ""
    value = f"none is online{last}. Start it: `prefect worker start --pool {pool} --limit 1`"
    return Finding(f"worker of {pool}", value, "error", URL)
