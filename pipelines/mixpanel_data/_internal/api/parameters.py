"""How Mixpanel spells what is sent, and the reading of small JSON answers."""

import json
from collections.abc import Sequence
from typing import Any

from mixpanel_data.exceptions import APIError, ConfigError


def names(what: str, names: Sequence[str] | None) -> str | None:
    """The JSON array that Mixpanel wants; a bare name means that one. Raises ConfigError for none
    at all."""
    if names is None:
        return None
    if not names:
        raise ConfigError(f"{what} is empty. Name at least one, or leave it out for all.")
    return json.dumps([names] if isinstance(names, str) else list(names), ensure_ascii=False)


def given(**parameters: str | int | None) -> dict[str, str]:
    """Those that have a value, as Mixpanel spells values."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
        if value is not None
    }


def json_value(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise APIError("Mixpanel's answer is not a JSON document.") from None


def json_object(body: bytes) -> dict[str, Any]:
    answer = json_value(body)
    if not isinstance(answer, dict):
        raise APIError("Mixpanel's answer is not a JSON object.")
    return answer
