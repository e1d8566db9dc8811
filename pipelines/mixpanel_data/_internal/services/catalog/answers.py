"""Parses Mixpanel's lists. Shapes: its query OpenAPI file; saved reports as in its headless
client."""

import json
from typing import Any

from mixpanel_data._internal.services.query_api.answers import (
    as_number,
    optional_text,
    require_list,
    require_object,
    require_objects,
)
from mixpanel_data.types import BookmarkInfo, FunnelInfo, SavedCohort, TopEvent


def parse_texts(answer: Any) -> list[str]:
    """Return a list of names or values as texts; other types are formatted as JSON."""
    return [
        item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        for item in require_list(answer)
    ]


def parse_top_events(answer: Any) -> list[TopEvent]:
    return [
        TopEvent(str(item["event"]), as_number(item.get("amount")), item.get("percent_change"))
        for item in require_objects(require_object(answer).get("events"), "event")
    ]


def parse_funnels(answer: Any) -> list[FunnelInfo]:
    return [
        FunnelInfo(item["funnel_id"], str(item.get("name", "")))
        for item in require_objects(answer, "funnel_id")
    ]


def parse_cohorts(answer: Any) -> list[SavedCohort]:
    return [
        SavedCohort(
            id=item["id"],
            name=str(item.get("name", "")),
            count=int(as_number(item.get("count"))),
            description=str(item.get("description") or ""),
            created=optional_text(item.get("created")),
            is_visible=bool(item.get("is_visible", True)),
            project_id=item.get("project_id"),
        )
        for item in require_objects(answer, "id")
    ]


def parse_bookmarks(answer: Any) -> list[BookmarkInfo]:
    return [
        BookmarkInfo(
            id=item["id"],
            name=str(item.get("name") or ""),
            type=str(item.get("type", "")),
            project_id=item.get("project_id"),
            created=optional_text(item.get("created")),
            modified=optional_text(item.get("modified")),
            workspace_id=item.get("workspace_id"),
            dashboard_id=item.get("dashboard_id"),
            description=optional_text(item.get("description")),
            creator_id=item.get("creator_id"),
            creator_name=optional_text(item.get("creator_name")),
        )
        for item in require_objects(require_object(answer).get("results"), "id")
    ]
