"""POST /jql, in maintenance mode at Mixpanel. Without a JavaScript engine, one form of script is
supported.

It is that of the OpenAPI file's example: ``Events(…)`` or ``People()``, then at most one
``groupBy`` whose keys are counted. ``Events`` takes ``params`` or an object in JSON, with
``from_date`` and ``to_date``. Keys are ``"name"``, ``"distinct_id"`` and ``"properties.x"``. The
response to any other script is 501.
"""

import json
import re
from collections import Counter
from typing import Any

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.deduplication import ingested_id
from mixpanel_data.sandbox.query.facts import facts_of
from mixpanel_data.sandbox.records import encode_json

_SCRIPT = re.compile(
    r"function\s*main\(\)\{return\s*(?:Events\((?P<given>params|\{.*?\})\)|(?P<people>People)\(\))"
    r"(?:\.groupBy\((?P<keys>\[.*?\]),mixpanel\.reducer\.count\(\)\))?;?\}",
    re.DOTALL,
)
_SPACE_OR_TEXT = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_PROPERTY = "properties."
_REFUSAL = (
    "JQL is in maintenance mode, and the sandbox runs no JavaScript: "
    "it lists Events(params) or People(), or counts them by groupBy keys"
)

Row = dict[str, Any]


def jql(project: Project, fields: params.Fields) -> Answer:
    """Return the events or profiles, or ``{key, value}`` for each combination of the keys.

    Events are deduplicated, with the ids with which they were sent: JQL does not merge users
    (docs/mixpanel-facts.md, section 7.2).
    """
    script = _SCRIPT.fullmatch(_squeezed(params.text(fields, "script")))
    if script is None:
        raise RefusedError(501, _REFUSAL)
    rows = _people(project) if script["people"] else _events(project, fields, script["given"])
    return rows if script["keys"] is None else _counted(rows, _keys(script["keys"]))


def _squeezed(script: str) -> str:
    """Return the script without insignificant white space."""
    text = _SPACE_OR_TEXT.sub(lambda match: match[1] or " ", script).strip()
    return re.sub(r"(?<=\W) | (?=\W)", "", text)


def _events(project: Project, fields: params.Fields, given: str) -> list[Row]:
    source = given if given != "params" else fields.get("params") or "{}"
    asked_for = params.json_object({"params": source}, "params")
    # Times are cut to the day, since only days matter here.
    dates = {name: str(asked_for.get(name) or "")[:10] for name in ("from_date", "to_date")}
    return [
        {
            "name": fact.name,
            "distinct_id": ingested_id(fact.properties),
            "time": fact.properties["time"],
            "properties": fact.properties,
        }
        for fact in asked.days(project, dates).of(facts_of(project).all)
    ]


def _people(project: Project) -> list[Row]:
    return [
        {"distinct_id": profile.distinct_id, "properties": profile.properties or {}}
        for profile in project.dataset.profiles()
    ]


def _counted(rows: list[Row], keys: list[str]) -> list[Row]:
    """Return the counts, ordered by the JSON of their keys; a missing property is null."""
    if not all(key.startswith(_PROPERTY) or key in ("name", "distinct_id") for key in keys):
        raise RefusedError(501, _REFUSAL)
    counts = Counter(encode_json([_value(row, key) for key in keys]) for row in rows)
    return [{"key": json.loads(key), "value": counts[key]} for key in sorted(counts)]


def _value(row: Row, key: str) -> Any:
    if key.startswith(_PROPERTY):
        return row["properties"].get(key.removeprefix(_PROPERTY))
    return row.get(key)


def _keys(text: str) -> list[str]:
    return [str(key) for key in params.json_list({"groupBy keys": text}, "groupBy keys") or []]
