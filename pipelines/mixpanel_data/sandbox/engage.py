"""/api/query/engage: pages of profiles from a snapshot taken at page 0."""

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.calls import Call
from mixpanel_data.sandbox.cohorts import members
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.expressions import ProfileSubject, parse
from mixpanel_data.sandbox.project import Project
from mixpanel_data.sandbox.records import Profile, encode_json
from mixpanel_data.sandbox.sessions import Session

DEFAULT_PAGE_SIZE = 1_000
MAX_IDS = 2_000
_PAGING = {"session_id", "page", "page_size", "project_id", "workspace_id"}


async def engage(request: Request) -> Response:
    """Return one page. ``total`` counts all pages; every page, also the last, has a
    ``session_id``."""
    call: Call = request.scope["state"]["call"]
    body = await run_in_threadpool(_page, request.app.state.project, call.fields)
    return Response(body, media_type="application/json")


def _page(project: Project, fields: params.Fields) -> bytes:
    if fields.get("behaviors"):
        raise RefusedError(400, "behaviors are not served by the sandbox")
    page = params.integer(fields, "page") or 0
    query = json.dumps({k: str(v) for k, v in sorted(fields.items()) if k not in _PAGING})
    session_id = fields.get("session_id")
    if not session_id:
        if page > 0:
            raise RefusedError(400, "session_id is required when page is above 0")
        session_id = project.sessions.begin(_session(project, fields, query))
    session = project.sessions.find(session_id, query)
    return _answer(project, fields, session, session_id, page)


def _session(project: Project, fields: params.Fields, query: str) -> Session:
    where = parse(fields["where"]) if fields.get("where") else None
    wanted = _wanted_ids(fields)
    profiles = [
        profile
        for profile in _profiles(project, fields)
        if (wanted is None or str(profile.distinct_id) in wanted)
        and (where is None or where(ProfileSubject(profile)))
    ]
    page_size = params.integer(fields, "page_size") or DEFAULT_PAGE_SIZE
    return Session(query, profiles, page_size)


def _profiles(project: Project, fields: params.Fields) -> list[Profile]:
    """Return users, groups of one key, or a cohort's users.

    All of those have a profile, so ``include_all_users`` adds none.
    """
    if not fields.get("filter_by_cohort"):
        return project.dataset.profiles(fields.get("data_group_id") or None)
    wanted = params.json_object(fields, "filter_by_cohort").get("id")
    for cohort in project.dataset.saved.cohorts:
        if cohort.id == wanted:
            return members(project.dataset, cohort)
    raise RefusedError(400, f"filter_by_cohort: there is no cohort {wanted}")


def _wanted_ids(fields: params.Fields) -> set[str] | None:
    several = params.json_list(fields, "distinct_ids")
    if several is not None:
        if len(several) > MAX_IDS:
            raise RefusedError(400, f"distinct_ids cannot hold more than {MAX_IDS} ids")
        return {str(each) for each in several}
    return {str(fields["distinct_id"])} if fields.get("distinct_id") else None


def _answer(
    project: Project, fields: params.Fields, session: Session, session_id: str, page: int
) -> bytes:
    names = params.json_list(fields, "output_properties")
    start = page * session.page_size
    results = session.profiles[start : start + session.page_size]
    answer: dict[str, Any] = {
        "page": page,
        "page_size": session.page_size,
        "session_id": session_id,
        "status": "ok",
        "total": len(session.profiles),
    }
    if page > 0 and not project.total_on_later_pages:
        del answer["total"]
    # Each profile by itself: one with half an emoji is escaped, and the others are not.
    profiles = b",".join(profile.raw or encode_json(_result(profile, names)) for profile in results)
    return encode_json(answer)[:-1] + b',"results":[' + profiles + b"]}"


def _result(profile: Profile, names: list[str] | None) -> dict[str, Any]:
    result: dict[str, Any] = {"$distinct_id": profile.distinct_id}
    if profile.properties is not None:
        kept = profile.properties.items()
        result["$properties"] = {k: v for k, v in kept if names is None or k in names}
    return result
