"""Mixpanel's lists, read into ours. Shapes: its query OpenAPI file; saved reports as its own
headless client reads them."""

import json
from typing import Any

from mixpanel_data._internal.services.query_api.answers import (
    items,
    listed,
    member,
    number,
    optional_text,
)
from mixpanel_data.types import BookmarkInfo, FunnelInfo, SavedCohort, TopEvent


def texts(answer: Any) -> list[str]:
    """A list of names or values; what is no text is shown as JSON."""
    return [
        item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        for item in listed(answer)
    ]


def top_events(answer: Any) -> list[TopEvent]:
    return [
        TopEvent(str(item["event"]), number(item.get("amount")), item.get("percent_change"))
        for item in items(member(answer).get("events"), "event")
    ]


def funnels(answer: Any) -> list[FunnelInfo]:
    return [
        FunnelInfo(item["funnel_id"], str(item.get("name", "")))
        for item in items(answer, "funnel_id")
    ]


def cohorts(answer: Any) -> list[SavedCohort]:
    return [
        SavedCohort(
            id=item["id"],
            name=str(item.get("name", "")),
            count=int(number(item.get("count"))),
            description=str(item.get("description") or ""),
            created=optional_text(item.get("created")),
            is_visible=bool(item.get("is_visible", True)),
            project_id=item.get("project_id"),
        )
        for item in items(answer, "id")
    ]


def bookmarks(answer: Any) -> list[BookmarkInfo]:
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
        for item in items(member(answer).get("results"), "id")
    ]
