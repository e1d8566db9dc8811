"""The publish targets of a project: ``[publish_targets.NAME]`` in ``.dlt/config.toml``.

Precedence: the environment (``PUBLISH_TARGETS__NAME__URL``, dlt's spelling),
``.dlt/secrets.toml``, ``.dlt/config.toml``, the default.
"""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from mixpanel_data._internal.settings import CONFIG_FILE, Settings, read_dlt_file
from mixpanel_data._internal.text import parse_duration
from mixpanel_data.exceptions import ConfigError

SECTION = "publish_targets"
SECRETS_FILE = ".dlt/secrets.toml"
_PREFIX = "PUBLISH_TARGETS__"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

LONGEST_IDENTIFIER = 63
"""Bytes of a name in PostgreSQL."""


def _as_list(value: object) -> object:
    """Return the names in a text such as ``events, sessions``, the form of a variable."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0)]


class _Target(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    """The name of the section."""
    after_sync: bool = False
    """Whether each sync copies its publication there."""
    tables: Names = ()
    """The tables to copy; empty for all of them."""
    exclude: Names = ()
    """Tables that are not copied."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no message may contain."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


class PostgresTarget(_Target):
    """A schema of a PostgreSQL database."""

    kind: Literal["postgres"]
    url: SecretStr
    """A connection URL or a keyword string of libpq."""
    schema_name: str = Field(default="mixpanel", alias="schema")
    read_only_role: str | None = None
    """The role that gets USAGE of the schema and SELECT of its tables."""
    json_type: Literal["text", "json"] = "text"
    """The type of JSON columns. Both keep the text to the letter."""
    indexes: dict[str, list[str]] = Field(default_factory=dict)
    """Further indexes by table, each the names of its columns, such as ``event, time``."""
    swap_wait: Seconds = 600.0
    """The longest wait for readers that hold the tables, in seconds."""

    @field_validator("schema_name")
    @classmethod
    def _is_a_schema(cls, name: str) -> str:
        longest = LONGEST_IDENTIFIER - len("_next")
        if not name or "\0" in name or len(name.encode()) > longest:
            raise ValueError(f"it has to be a name of 1 to {longest} bytes")
        if name.startswith("pg_") or name in ("information_schema", "public"):
            raise ValueError("name a schema of its own, such as mixpanel")
        return name

    @property
    def place(self) -> str:
        """The target without its secrets, for messages."""
        return f"schema {self.schema_name}"


class ParquetTarget(_Target):
    """Parquet files and a manifest, in a folder of a disk or in a bucket."""

    kind: Literal["parquet"]
    path: str = Field(min_length=1)
    """A folder, or ``s3://bucket/prefix``."""
    by_day: Names = ("events", "sessions", "user_activity", "user_days")
    """The tables that have files for each day."""
    keep_for: Seconds = 86_400.0
    """How long files stay that the newest publication has no more, in seconds."""
    endpoint_url: str | None = None
    """The address of a store that speaks S3; None for AWS."""
    region: str | None = None
    access_key_id: SecretStr | None = None
    """With ``secret_access_key``; without them the chain of AWS decides."""
    secret_access_key: SecretStr | None = None
    profile: str | None = None
    """A profile of AWS's own configuration."""

    @property
    def is_s3(self) -> bool:
        """Return True for a bucket."""
        return self.path.startswith("s3://")

    @property
    def place(self) -> str:
        """The path, for messages."""
        return self.path

    @model_validator(mode="after")
    def _fits_its_path(self) -> "ParquetTarget":
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key are set together or not at all")
        if not self.is_s3:
            if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", self.path):
                raise ValueError(
                    f"path is {self.path}; it has to be a folder or s3://bucket/prefix"
                )
            of_s3 = ("endpoint_url", "region", "access_key_id", "profile")
            given = [name for name in of_s3 if getattr(self, name) is not None]
            if given:
                raise ValueError(f"{', '.join(given)}: these count only for a path in s3://")
        elif not self.path.removeprefix("s3://").split("/")[0]:
            raise ValueError("path has to name a bucket: s3://bucket/prefix")
        return self


PublishTarget = PostgresTarget | ParquetTarget

_KINDS: dict[str, type[PostgresTarget] | type[ParquetTarget]] = {
    "postgres": PostgresTarget,
    "parquet": ParquetTarget,
}
_NO_DUCKLAKE = (
    'kind = "ducklake" needs DuckDB\'s extension `ducklake`, which does not exist for DuckDB 2.0 '
    'yet. Use kind = "parquet": DuckDB reads its files through the manifest.'
)


def target_names(settings: Settings, env: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of the configured publish targets, in the order of the files.

    Args:
        settings: The settings of the project, as :func:`load_settings` returns them.
        env: The environment. None: that of the process.

    Raises:
        ConfigError: if a file is not valid TOML, or the section is not a table.
    """
    return list(_sections(settings, os.environ if env is None else env))


def load_target(
    settings: Settings, name: str, env: Mapping[str, str] | None = None
) -> PublishTarget:
    """Return the publish target ``name`` of the project of ``settings``.

    Raises:
        ConfigError: if there is no target of this name, or a setting of it is missing, unknown or
            invalid; the message has each one and its origin.
    """
    env = os.environ if env is None else env
    sections = _sections(settings, env)
    if name not in sections:
        known = f"There are: {', '.join(sections)}." if sections else "None is configured."
        near = get_close_matches(name, sections, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"There is no publish target {name!r}.{hint} {known} A target is a section "
            f"[{SECTION}.NAME] of {CONFIG_FILE}, with its `kind`.",
            details={"target": name, "targets": list(sections)},
        )
    return _parse(name, sections[name], settings)


def targets_after_sync(
    settings: Settings, env: Mapping[str, str] | None = None
) -> list[PublishTarget]:
    """Return the targets that each sync copies to.

    Raises:
        ConfigError: if a setting of any target is missing, unknown or invalid.
    """
    sections = _sections(settings, os.environ if env is None else env)
    found = [_parse(name, values, settings) for name, values in sections.items()]
    return [target for target in found if target.after_sync]


_Values = dict[str, tuple[Any, str]]
"""By key, the value and its origin."""


def _sections(settings: Settings, env: Mapping[str, str]) -> dict[str, _Values]:
    found: dict[str, _Values] = {}
    for file in (CONFIG_FILE, SECRETS_FILE):  # the second one has precedence
        section = read_dlt_file(settings.project.root, Path(file).name).get(SECTION, {})
        if not isinstance(section, dict):
            raise ConfigError(f"{SECTION} in {file} has to be tables: [{SECTION}.NAME].")
        for name, values in section.items():
            if not isinstance(values, dict):
                raise ConfigError(
                    f"{SECTION}.{name} in {file} is not a table. Write [{SECTION}.{name}], and its "
                    "settings below."
                )
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{name!r} in {file} can't be the name of a publish target: use up to 40 "
                    "letters, digits, _ and -, and begin with a letter."
                )
            found.setdefault(name, {}).update({key: (value, file) for key, value in values.items()})
    for name, values in found.items():
        prefix = f"{_PREFIX}{name.upper().replace('-', '_')}__"
        values.update(
            {
                variable.removeprefix(prefix).lower(): (env[variable].strip(), variable)
                for variable in sorted(env)
                if variable.startswith(prefix) and env[variable].strip()
            }
        )
    return found


def _parse(name: str, values: _Values, settings: Settings) -> PublishTarget:
    kind, origin = values.get("kind", (None, ""))
    if kind == "ducklake":
        raise ConfigError(f"Publish target {name}: {_NO_DUCKLAKE}", details={"target": name})
    if not isinstance(kind, str) or kind not in _KINDS:
        given = f"kind is {kind!r} (from {origin})" if kind is not None else "there is no `kind`"
        raise ConfigError(
            f"Publish target {name}: {given}. It has to be one of: {', '.join(_KINDS)}.",
            details={"target": name},
        )
    model = _KINDS[kind]
    try:
        target = model.model_validate(
            {"name": name, **{key: value for key, (value, _) in values.items() if key != "name"}}
        )
    except ValidationError as error:
        raise _as_config_error(name, error, values, model) from None
    if isinstance(target, ParquetTarget) and not target.is_s3:
        path = Path(target.path).expanduser()
        root = settings.project.root or Path.cwd()
        return target.model_copy(update={"path": str((root / path).absolute())})
    return target


def _as_config_error(
    name: str, error: ValidationError, values: _Values, model: type[BaseModel]
) -> ConfigError:
    keys = [field.alias or key for key, field in model.model_fields.items() if key != "name"]
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        key = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "missing":
            problems.append(f"`{key}` is missing")
        elif item["type"] == "extra_forbidden":
            problems.append(_unknown_key(key, values[key][1], keys))
        else:
            origin = f"{key} (from {values[key][1]}): " if key in values else ""
            problems.append(origin + item["msg"].removeprefix("Value error, "))
    return ConfigError(
        f"Publish target {name} can't be used: {'; '.join(problems)}.",
        details={"target": name, "problems": problems},
    )


def _unknown_key(key: str, origin: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, list(known), n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"`{key}` (from {origin}) is not a setting of it{hint}"
