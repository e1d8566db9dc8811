"""The settings of alerts: ``[alerts]`` in ``.dlt/config.toml``.

Precedence: the environment (``ALERTS__URLS``, dlt's spelling), ``.dlt/secrets.toml``,
``.dlt/config.toml``, the default.
"""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from mixpanel_data._internal.settings import CONFIG_FILE, Settings, dlt_section
from mixpanel_data._internal.text import parse_duration
from mixpanel_data.exceptions import ConfigError

SECTION = "alerts"
SECRETS_FILE = ".dlt/secrets.toml"
_PREFIX = "ALERTS__"

Kind = Literal["failed", "crashed", "late", "not_fresh", "schema_change", "recovered"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of alerts. All but ``schema_change`` are sent unless the settings say otherwise."""

# The next URL begins where a scheme does, since URLs may contain commas.
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def _as_urls(value: object) -> object:
    """Return the URLs in a text, the form of a variable."""
    return _BETWEEN_URLS.split(value.strip()) if isinstance(value, str) else value


def _as_kinds(value: object) -> object:
    """Return the names in a text such as ``failed, crashed``, the form of a variable."""
    return re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]


class AlertSettings(BaseModel):
    """What is sent, and where to. Durations are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(_as_urls)] = ()
    """Where messages go, as URLs of apprise: ``mailto://…``, ``slack://…``, ``ntfy://…``."""
    kinds: Annotated[tuple[Kind, ...], BeforeValidator(_as_kinds)] = tuple(
        kind for kind in KINDS if kind != "schema_change"
    )
    ping_url: SecretStr | None = None
    """A URL that is requested after each success, of a dead man's switch."""
    max_age: Seconds = 36 * 3600.0
    """The age from which published data are not fresh, as of ``mp status --max-age``."""
    late_after: Seconds = 26 * 3600.0
    """How long after the last run began the next one is late."""
    timeout: Seconds = 15.0
    """The longest wait for all messages of one moment."""

    @field_validator("ping_url")
    @classmethod
    def _is_an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not re.match(r"https?://[^/]+", url.get_secret_value()):
            raise ValueError("it has to begin with https:// or http://")
        return url

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is ever sent."""
        return not self.urls and self.ping_url is None


def load_alert_settings(settings: Settings, env: Mapping[str, str] | None = None) -> AlertSettings:
    """Return the settings of alerts of the project of ``settings``.

    Args:
        settings: The settings of the project, as :func:`load_settings` returns them.
        env: The environment. None: that of the process.

    Raises:
        ConfigError: if a setting is unknown or invalid; the message has each one and its origin.
    """
    env = os.environ if env is None else env
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for file in (CONFIG_FILE, SECRETS_FILE):  # the second one has precedence
        section = dlt_section(settings.project.root, file.rpartition("/")[2], (SECTION,))
        values |= section
        origins |= dict.fromkeys(section, file)
    for name in AlertSettings.model_fields:
        variable = f"{_PREFIX}{name.upper()}"
        if text := env.get(variable, "").strip():
            values[name], origins[name] = text, variable
    try:
        return AlertSettings.model_validate(values)
    except ValidationError as error:
        problems = [
            _problem(item, origins) for item in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigError(
            f"[{SECTION}] can't be used: {'; '.join(problems)}.", details={"problems": problems}
        ) from None


def _problem(item: Any, origins: Mapping[str, str]) -> str:
    key = str(item["loc"][0])
    origin = origins.get(key, CONFIG_FILE)
    if item["type"] == "extra_forbidden":
        near = get_close_matches(key, list(AlertSettings.model_fields), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f"`{key}` (from {origin}) is not a setting of it{hint}"
    return f"{key} (from {origin}): {item['msg'].removeprefix('Value error, ')}"
