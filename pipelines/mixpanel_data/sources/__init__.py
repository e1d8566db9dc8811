"""The dlt source of a Mixpanel project: ``events``, ``profiles``, ``group_profiles``,
``_metadata``."""

from collections.abc import Sequence
from typing import Any

import dlt
from dlt.extract import DltResource

from mixpanel_data._internal.settings import Settings, dlt_section, load_settings
from mixpanel_data._internal.text import parse_day
from mixpanel_data.sources.credentials import MixpanelCredentials
from mixpanel_data.sources.current import open_current
from mixpanel_data.sources.resources import Wanted, ledger_resource, resource
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, PROFILES

__all__ = ["MixpanelCredentials", "mixpanel_source", "open_current"]


@dlt.source(name="mixpanel", section="mixpanel", max_table_nesting=0)
def mixpanel_source(
    credentials: MixpanelCredentials = dlt.secrets.value,
    project_id: str | None = dlt.config.value,
    region: str | None = dlt.config.value,
    start_date: str | None = dlt.config.value,
    end_date: str | None = None,
    lookback_days: int | None = dlt.config.value,
    groups: dict[str, str] | None = dlt.config.value,
    profiles_snapshot_days: int | None = dlt.config.value,
    time_basis: str | None = dlt.config.value,
    project_timezone: str | None = dlt.config.value,
    refetch: bool = False,
    full_profiles: bool = False,
) -> Sequence[DltResource]:
    """Return the source of one Mixpanel project, for any destination of dlt.

    A run plans its requests from the table ``_metadata`` of the destination: it fetches the days
    that are missing there and the look-back days, and replaces these. Nothing else is state. The
    values come from the arguments, from ``[sources.mixpanel]`` in ``.dlt/config.toml`` and
    ``.dlt/secrets.toml``, from dlt's environment variables (``SOURCES__MIXPANEL__START_DATE``), or
    from those of ``mp`` (``MP_START_DATE``).

    A window of days whose export is incomplete is left out, logged as an error, and fetched by the
    next run; the others are loaded.

    Args:
        credentials: A service account. Without it, the variables ``MP_USERNAME``, ``MP_SECRET``,
            ``MP_PROJECT_ID`` and ``MP_REGION``, or a named account of ``mp auth``.
        project_id: Number of the project; that of the credentials by default.
        region: ``us``, ``eu`` or ``in``; that of the credentials by default.
        start_date: First day, ``YYYY-MM-DD``, in the days of the project's export. By default that
            of the first load, else as far back as Mixpanel keeps events.
        end_date: Last day, included; then no look-back days are fetched. By default yesterday.
        lookback_days: The number of days before today that are fetched each time, for late events;
            5 by default.
        groups: The ``data_group_id`` of each group key whose profiles are to be fetched.
        profiles_snapshot_days: The days after which all profiles are read, not only those seen
            since the last read; 7 by default.
        time_basis: ``utc``, or ``project`` for a project created before 2023, whose export has
            local time.
        project_timezone: The zone of the project, such as ``Europe/Berlin``.
        refetch: Fetch complete days, too.
        full_profiles: Read all profiles.

    Returns:
        The resources ``events``, ``profiles``, ``group_profiles`` and ``_metadata``. Only selected
        ones send requests. ``add_limit`` counts requests.

    Raises:
        ConfigError: if there are no credentials, or a value is invalid.
    """
    settings = _settings(
        start_date=start_date,
        lookback_days=lookback_days,
        groups=groups,
        profiles_snapshot_days=profiles_snapshot_days,
        time_basis=time_basis,
        project_timezone=project_timezone,
    )
    wanted = Wanted(
        settings,
        credentials.to_credentials(settings, project_id=project_id, region=region),
        last=parse_day(end_date),
        refetch=refetch,
        full_profiles=full_profiles,
    )
    return [
        *(resource(kind, wanted) for kind in (EVENTS, PROFILES, GROUP_PROFILES)),
        ledger_resource(),
    ]


def _settings(**given: Any) -> Settings:
    """Return the settings of ``mp``, with the arguments of the source.

    A value that equals the one in the project's file is dlt's reading of it, which the environment
    overrides.
    """
    settings = load_settings()
    in_file = dlt_section(settings.project.root, "config.toml")
    own = {name: value for name, value in given.items() if value != in_file.get(name)}
    return load_settings(**own) if own else settings
