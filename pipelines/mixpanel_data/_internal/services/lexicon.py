"""The lexicon's JSON schemas, read into ours. Shape: Mixpanel's OpenAPI file of the lexicon schemas API."""

from collections.abc import Iterable, Mapping
from typing import Any

from mixpanel_data._internal.query_answers import optional_text
from mixpanel_data.types import (
    LexiconDefinition,
    LexiconMetadata,
    LexiconProperty,
    LexiconSchema,
)

Json = Mapping[str, Any]


def lexicon_schemas(entries: Iterable[Json]) -> list[LexiconSchema]:
    """The entries, typed; what is missing in one is None or empty."""
    return [
        LexiconSchema(
            entity_type=str(entry.get("entityType", "")),
            name=str(entry.get("name", "")),
            definition=_definition(entry.get("schemaJson") or {}),
            _data=entry,
        )
        for entry in entries
    ]


def _definition(schema: Json) -> LexiconDefinition:
    return LexiconDefinition(
        description=optional_text(schema.get("description")),
        properties={
            name: _property(written) for name, written in (schema.get("properties") or {}).items()
        },
        metadata=_metadata(schema),
    )


def _property(written: Json) -> LexiconProperty:
    return LexiconProperty(
        type=optional_text(written.get("type")),
        description=optional_text(written.get("description")),
        metadata=_metadata(written),
    )


def _metadata(described: Json) -> LexiconMetadata:
    written = (described.get("metadata") or {}).get("com.mixpanel") or {}
    return LexiconMetadata(
        display_name=optional_text(written.get("displayName")),
        tags=list(written.get("tags") or []),
        hidden=bool(written.get("hidden", False)),
        dropped=bool(written.get("dropped", False)),
        contacts=list(written.get("contacts") or []),
        team_contacts=list(written.get("teamContacts") or []),
        source=optional_text(written.get("$source")),
    )
