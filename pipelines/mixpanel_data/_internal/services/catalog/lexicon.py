"""Parses the Lexicon's JSON schemas. Shape: Mixpanel's OpenAPI file of the Lexicon schemas API."""

from collections.abc import Iterable, Mapping
from typing import Any

from mixpanel_data._internal.services.query_api.answers import as_list, as_object, optional_text
from mixpanel_data.types import (
    LexiconDefinition,
    LexiconMetadata,
    LexiconProperty,
    LexiconSchema,
)

Json = Mapping[str, Any]


def parse_lexicon_schemas(entries: Iterable[Json]) -> list[LexiconSchema]:
    """Return the parsed entries; missing values are None or empty."""
    return [
        LexiconSchema(
            entity_type=str(entry.get("entityType", "")),
            name=str(entry.get("name", "")),
            definition=_definition(as_object(entry.get("schemaJson"))),
            _data=entry,
        )
        for entry in entries
    ]


def _definition(schema: Json) -> LexiconDefinition:
    return LexiconDefinition(
        description=optional_text(schema.get("description")),
        properties={
            name: _property(as_object(written))
            for name, written in as_object(schema.get("properties")).items()
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
    written = as_object(as_object(described.get("metadata")).get("com.mixpanel"))
    return LexiconMetadata(
        display_name=optional_text(written.get("displayName")),
        tags=as_list(written.get("tags")),
        hidden=bool(written.get("hidden", False)),
        dropped=bool(written.get("dropped", False)),
        contacts=as_list(written.get("contacts")),
        team_contacts=as_list(written.get("teamContacts")),
        source=optional_text(written.get("$source")),
    )
