"""GET /stream/query: the events of users. In maintenance mode at Mixpanel."""

from typing import Any

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.query import asked
from mixpanel_data.sandbox.query.answers import Answer
from mixpanel_data.sandbox.query.facts import Fact, facts_of


def activity(project: Project, fields: params.Fields) -> Answer:
    """Return the events of the users, in order of time; only canonical ids match.

    Times are in seconds. The id is under ``$distinct_id`` or ``distinct_id``, alternating: the
    documented example has both.
    """
    ids = params.json_list(fields, "distinct_ids")
    if ids is None:
        raise RefusedError(400, "distinct_ids is required")
    wanted = {str(each) for each in ids}
    days = asked.days(project, fields)
    found = [fact for fact in days.of(facts_of(project).all) if fact.user in wanted]
    events = [_shown(fact, ("$distinct_id", "distinct_id")[n % 2]) for n, fact in enumerate(found)]
    return {"status": "ok", "results": {"events": events}}


def _shown(fact: Fact, id_name: str) -> dict[str, Any]:
    """Return an event as exported, except for the time and the id."""
    own = {k: v for k, v in fact.properties.items() if k not in ("time", "distinct_id")}
    seconds = fact.properties["time"] // 1000
    return {"event": fact.name, "properties": {"time": seconds, id_name: fact.user, **own}}
