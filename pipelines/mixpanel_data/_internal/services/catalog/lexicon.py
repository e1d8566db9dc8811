"""The lexicon's JSON schemas, read into ours. Shape: Mixpanel's OpenAPI file of the lexicon schemas
API."""

from collections.abc import Iterable, Mapping
from typing import Any

from mixpanel_data._internal.services.query_api.answers import mapping, optional_text, sequence
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
            definition=_definition(mapping(entry.get("schemaJson"))),
            _data=entry,
        )
        for entry in entries
    ]


def _definition(schema: Json) -> LexiconDefinition:
    return LexiconDefinition(
        description=optional_text(schema.get("description")),
        properties={
            name: _property(mapping(written))
            for name, written in mapping(schema.get("properties")).items()
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
    written = mapping(mapping(described.get("metadata")).get("com.mixpanel"))
    return LexiconMetadata(
        display_name=optional_text(written.get("displayName")),
        tags=sequence(written.get("tags")),
        hidden=bool(written.get("hidden", False)),
        dropped=bool(written.get("dropped", False)),
        contacts=sequence(written.get("contacts")),
        team_contacts=sequence(written.get("teamContacts")),
        source=optional_text(written.get("$source")),
    )
