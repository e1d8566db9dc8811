"""Encodes request parameters, and parses small JSON responses."""

import json
from collections.abc import Sequence
from typing import Any

from mixpanel_data.exceptions import APIError, ConfigError


def json_array(what: str, json_array: Sequence[str] | None) -> str | None:
    """Return the JSON array of names that Mixpanel expects; a string means one name.

    Raises:
        ConfigError: if the sequence is empty.
    """
    if json_array is None:
        return None
    if not json_array:
        raise ConfigError(f"{what} is empty. Name at least one, or leave it out for all.")
    return json.dumps(
        [json_array] if isinstance(json_array, str) else list(json_array), ensure_ascii=False
    )


def drop_none(**parameters: str | int | None) -> dict[str, str]:
    """Return the parameters that have a value, in Mixpanel's spelling of values."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
        if value is not None
    }


def json_value(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise APIError("Mixpanel's response is not a JSON document.") from None


def json_object(body: bytes) -> dict[str, Any]:
    answer = json_value(body)
    if not isinstance(answer, dict):
        raise APIError("Mixpanel's response is not a JSON object.")
    return answer
