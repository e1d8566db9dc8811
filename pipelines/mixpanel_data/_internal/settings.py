"""Settings, and the origin of each value.

Precedence: the environment (``MP_LOOKBACK_DAYS``, or dlt's name
``SOURCES__MIXPANEL__LOOKBACK_DAYS``), ``[sources.mixpanel]`` in ``.dlt/config.toml``, the default.
dlt itself is not imported, since its import takes a second, and ``mp --help`` must be faster.
"""

import os
import re
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from mixpanel_data._internal.api.bounds import Bounds
from mixpanel_data._internal.auth.credentials import require_unquoted
from mixpanel_data._internal.data_folder.duckdb_defaults import STORAGE_VERSION
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.quarantine import Quarantine
from mixpanel_data._internal.project.folder import (
    DbtProject,
    ProjectFolder,
    find_dbt_project,
    find_project,
)
from mixpanel_data._internal.text import GB, parse_duration, parse_size
from mixpanel_data._internal.time_zones import Zone, require_zone
from mixpanel_data._internal.unknown_settings import ENVIRONMENT, UnknownSetting, unknown_settings
from mixpanel_data.exceptions import ConfigError, ConfigWarning

SECTION = ("sources", "mixpanel")
CONFIG_FILE = ".dlt/config.toml"

Size = Annotated[int, BeforeValidator(parse_size), Field(ge=1)]
Seconds = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]


_MOST_MEMORY = 1_000_000 * GB
"""DuckDB refuses sizes beyond 64 bits."""


class Settings(BaseModel):
    """The validated settings of one project. Durations are in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path
    dbt_project_dir: Path | None = None
    account: str | None = None
    api_base_url: str | None = None
    hourly_limit: int = Field(default=60, ge=1)
    max_wait: Annotated[float, BeforeValidator(parse_duration)] = Field(default=900.0, ge=0)
    time_basis: Literal["utc", "project"] = "utc"
    project_timezone: str = "UTC"
    lookback_days: int = Field(default=5, ge=0, le=365)
    start_date: date | None = None
    profiles_snapshot_days: int = Field(default=7, ge=0)
    profiles_overlap_minutes: int = Field(default=90, ge=0)
    profile_pages_count: Literal["auto", "yes", "no"] = "auto"
    answers_kept: Annotated[float, BeforeValidator(parse_duration)] = Field(default=600.0, ge=0)
    sync_reserve: int = Field(default=10, ge=0)
    profiles_page_size: int | None = Field(default=None, ge=1)
    groups: dict[str, str] = Field(default_factory=dict)
    storage_version: str = Field(default=STORAGE_VERSION, pattern=r"^v\d+\.\d+\.\d+$")
    memory_limit: str | None = Field(default=None, pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")
    allow_http: bool = False
    max_line_size: Size = Bounds.line
    max_export_size: Size = Bounds.export
    max_answer_size: Size = Bounds.answer
    max_answer_values: int = Field(default=Bounds.values, ge=1)
    max_export_time: Seconds = Bounds.export_seconds
    max_answer_time: Seconds = Bounds.answer_seconds
    lowest_rate: int = Field(default=Bounds.lowest_rate, ge=0)
    quarantine_size: Annotated[int, BeforeValidator(parse_size), Field(ge=0)] = Quarantine.size
    quarantine_days: float = Field(default=Quarantine.days, ge=0)
    engine: Literal["duckdb", "spark"] = "duckdb"
    catalog: str | None = Field(default=None, repr=False)
    warehouse: str | None = None

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _unknown: tuple[UnknownSetting, ...] = PrivateAttr(default=())
    _project: ProjectFolder = PrivateAttr(default=ProjectFolder(None, "none found"))

    @field_validator("project_timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        return require_zone(zone)

    @field_validator("memory_limit")
    @classmethod
    def _within_duckdbs_range(cls, limit: str | None) -> str | None:
        if limit and int(str(parse_size(limit))) > _MOST_MEMORY:
            raise ValueError("it is more than 1000TB")
        return limit

    @field_validator("groups", mode="before")
    @classmethod
    def _as_table(cls, groups: Any) -> Any:
        """Parse the form of an environment variable, ``companies=1234567,accounts=89``."""
        if isinstance(groups, str):
            groups = dict(pair.partition("=")[::2] for pair in groups.split(",") if pair.strip())
        if not isinstance(groups, dict):
            return groups
        return {str(key).strip(): str(number).strip() for key, number in groups.items()}

    @field_validator("groups")
    @classmethod
    def _each_group_once(cls, groups: dict[str, str]) -> dict[str, str]:
        if not all(key and number for key, number in groups.items()):
            raise ValueError("each group key needs its data_group_id, as in companies=1234567")
        if len(set(groups.values())) < len(groups):
            raise ValueError("two group keys have the same data_group_id")
        return groups

    @model_validator(mode="after")
    def _engine_is_complete(self) -> "Settings":
        """Raise ValueError if the engine `spark` lacks its catalog or warehouse."""
        if self.engine == "spark":
            _require_places(self.catalog, self.warehouse)
        return self

    @property
    def folder(self) -> DataFolder:
        """The folder of this project's data."""
        return DataFolder.at(self.data_dir, engine=self.engine)

    @property
    def project(self) -> ProjectFolder:
        """The project folder that these settings were read from."""
        return self._project

    @property
    def dbt_project(self) -> DbtProject:
        """The dbt project that is built.

        Raises:
            ConfigError: if MP_DBT_PROJECT_DIR is not the folder of a dbt project.
        """
        return find_dbt_project(
            self._project.root, self.dbt_project_dir, self.origin("dbt_project_dir")
        )

    @property
    def bounds(self) -> Bounds:
        """The limits of a response: its size, its duration and its lowest rate."""
        return Bounds(
            line=self.max_line_size,
            export=self.max_export_size,
            answer=self.max_answer_size,
            values=self.max_answer_values,
            export_seconds=self.max_export_time,
            answer_seconds=self.max_answer_time,
            lowest_rate=self.lowest_rate,
        )

    @property
    def quarantine(self) -> Quarantine:
        """The limits of the folder of damaged responses."""
        return Quarantine(self.quarantine_size, self.quarantine_days)

    @property
    def zone(self) -> Zone:
        """The time zone of the export's clock: UTC, or the project's if it was created before 2023.

        Source: docs/mixpanel-facts.md.
        """
        return Zone(self.project_timezone if self.time_basis == "project" else "UTC")

    @property
    def fixed_hourly_limit(self) -> int | None:
        """The hourly limit if it was set; None for the default, which a 429 may correct."""
        return None if self.origin("hourly_limit") == "default" else self.hourly_limit

    @property
    def dbt_variables(self) -> dict[str, str]:
        """The settings that dbt reads, as environment variables, of any origin.

        Defaults are left out: dbt's profile has the same.
        """
        own = {"project_timezone": self.project_timezone, "memory_limit": self.memory_limit}
        return {
            f"MP_{name.upper()}": value
            for name, value in own.items()
            if value is not None and self.origin(name) != "default"
        }

    def shown(self, name: str) -> str:
        """Return the setting ``name`` as text, without a password that it may have.

        Args:
            name: Name of a setting.
        """
        value = getattr(self, name)
        if value is None:
            return "not set"
        return without_password(str(value)) if name == "catalog" else str(value)

    @property
    def unknown(self) -> tuple[UnknownSetting, ...]:
        """Keys of the project's file, and environment variables, that look like settings and are
        none."""
        return self._unknown

    def origin(self, name: str) -> str:
        """Return the origin of the setting ``name``: an environment variable, a file, ``command
        line`` or ``default``.

        Args:
            name: Name of a setting.
        """
        return self._origins.get(name, "default")


def load_settings(env: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings in force. ``overrides`` (of a command line) that are not None take
    precedence.

    Keys of the file that are no settings, and environment variables that are almost one, cause a
    ConfigWarning.

    Args:
        env: The environment. None: that of the process.
        **overrides: Settings by name; None leaves one as it is.

    Raises:
        ConfigError: if ``MP_PROJECT_DIR`` is not a folder, or a value is not valid; the message
            has the setting and its origin.
    """
    project = find_project(env)
    env = os.environ if env is None else env
    root = project.root
    section = dlt_section(root, "config.toml")
    engine = engine_section(root)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, value, origin in _configured_values(section, engine, env):
        values.setdefault(name, value)  # the first one has precedence
        origins.setdefault(name, origin)
    for name, value in overrides.items():
        if name not in Settings.model_fields:
            raise TypeError(f"there is no setting {name!r}")
        if value is not None:
            values[name], origins[name] = value, "command line"
    values["data_dir"] = _path(values.get("data_dir"), root, origins.get("data_dir", ""))
    if values["data_dir"] is None:
        values["data_dir"] = root / "data" if root else Path("~/.mp/data").expanduser()
    if warehouse := values.get("warehouse"):
        values["warehouse"] = _warehouse(str(warehouse), root, origins["warehouse"])
    if chosen := values.get("dbt_project_dir"):
        values["dbt_project_dir"] = _path(chosen, root, origins["dbt_project_dir"])
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _as_config_error(error, origins) from None
    settings.folder.require_root()
    settings.folder.require_files()
    settings._origins.update(origins)
    settings._project = project
    settings._unknown = tuple(unknown_settings(Settings.model_fields, section, CONFIG_FILE, env))
    for unknown in settings.unknown:
        # Other programs may have variables that begin with MP_.
        if unknown.nearest or unknown.origin != ENVIRONMENT:
            warnings.warn(str(unknown), ConfigWarning, stacklevel=2)
    return settings


def _configured_values(
    section: Mapping[str, Any], engine: Mapping[str, Any], env: Mapping[str, str]
) -> list[tuple[str, Any, str]]:
    """Return name, value and origin of each configured value, in the order of precedence."""
    found: list[tuple[str, Any, str]] = [
        (name, env[variable].strip(), variable)
        for name in Settings.model_fields
        for variable in (f"MP_{name.upper()}", f"SOURCES__MIXPANEL__{name.upper()}")
        if env.get(variable, "").strip()
    ]
    require_unquoted({origin: value for _, value, origin in found})
    found += [
        (name, value, CONFIG_FILE)
        for name, value in section.items()
        if name not in ENGINE_KEYS.values()
    ]
    found += [(ENGINE_KEYS[key], value, CONFIG_FILE) for key, value in engine.items()]
    return found


ENGINE_KEYS = {"kind": "engine", "catalog": "catalog", "warehouse": "warehouse"}
"""Keys of the section ``[engine]``, with the names of their settings."""


def engine_section(root: Path | None) -> dict[str, Any]:
    """Return ``[engine]`` of ``.dlt/config.toml``; empty if there is no such file or section.

    Raises:
        ConfigError: if the file is not valid TOML, or a key of the section is no setting.
    """
    section = dlt_section(root, "config.toml", ("engine",))
    if unknown := sorted(set(section) - set(ENGINE_KEYS)):
        raise ConfigError(
            f"{', '.join(unknown)} in [engine] of {CONFIG_FILE} is not a setting. The keys of this "
            f"section are {', '.join(ENGINE_KEYS)}. Master, jars and memory of Spark are in "
            "spark-defaults.conf of the folder that SPARK_CONF_DIR names.",
            details={"unknown": unknown},
        )
    return section


def dlt_section(root: Path | None, file_name: str, keys: Sequence[str] = SECTION) -> dict[str, Any]:
    """Return a section of a file in ``.dlt/``, by default ``[sources.mixpanel]``; empty if there
    is no such file or section.

    Raises:
        ConfigError: if the file is not valid TOML.
    """
    section: Any = read_dlt_file(root, file_name)
    for key in keys:
        section = section.get(key, {}) if isinstance(section, dict) else {}
    return section if isinstance(section, dict) else {}


def read_dlt_file(root: Path | None, file_name: str) -> dict[str, Any]:
    """Return the content of a file in ``.dlt/``; empty if there is no such file.

    Raises:
        ConfigError: if the file is not valid TOML.
    """
    path = (root or Path.cwd()) / ".dlt" / file_name
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}. Correct it, or move it away."
        ) from None


def _path(value: Any, root: Path | None, origin: str) -> Path | None:
    if value is None:
        return None
    path = Path(str(value)).expanduser()
    # In a file, a relative path counts from the project, so that the file means the same from every
    # folder; on a command line or in a variable, from the current folder, as a shell completes it.
    return (root or Path.cwd()) / path if origin.endswith(".toml") else path.absolute()


CATALOGS = ("sqlite:///", "postgresql://", "postgresql+psycopg2://")
"""What the address of a catalog may begin with."""


def _require_places(catalog: str | None, warehouse: str | None) -> None:
    """Raise ValueError unless both places of the engine ``spark`` are set and usable."""
    if missing := [
        name for name, value in (("MP_CATALOG", catalog), ("MP_WAREHOUSE", warehouse)) if not value
    ]:
        raise ValueError(
            f"the engine spark also needs {' and '.join(missing)}, or `catalog` and `warehouse` in "
            f"[engine] of {CONFIG_FILE}"
        )
    if not str(catalog).startswith(CATALOGS):
        raise ValueError(
            "MP_CATALOG must be an address such as sqlite:////data/catalog.sqlite or "
            "postgresql://user:password@host:5432/database"
        )


def without_password(address: str) -> str:
    """Return an address with ``***`` in place of its password."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", address)


def _warehouse(value: str, root: Path | None, origin: str) -> str:
    """Return the address of a warehouse: a folder as an absolute path, a bucket as it is."""
    return value.rstrip("/") if "://" in value else str(_path(value, root, origin))


def _as_config_error(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0]) if item["loc"] else "engine"
        message = item["msg"].removeprefix("Value error, ")
        problems.append(f"MP_{name.upper()} (from {origins.get(name, 'default')}): {message}")
    return ConfigError("Settings that can't be used: " + "; ".join(problems))
