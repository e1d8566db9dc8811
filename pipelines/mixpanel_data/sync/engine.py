"""The engine of the settings, and what it needs to be installed."""

from importlib.util import find_spec
from types import ModuleType

from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError

_OF_THE_EXTRA = ("pyiceberg", "pyarrow", "sqlalchemy")


def import_lake() -> ModuleType:
    """Return :mod:`mixpanel_data.sync.lake`.

    Raises:
        ConfigError: if the extra ``spark`` is not installed.
    """
    if missing := [name for name in _OF_THE_EXTRA if find_spec(name) is None]:
        raise ConfigError(
            f"The engine spark needs {', '.join(missing)}. Install it with: "
            "pip install 'mixpanel-data[spark]'.",
            details={"missing": missing},
        )
    from mixpanel_data.sync import lake

    return lake


def refresh_ledger_copy(settings: Settings) -> None:
    """With the engine spark, copy the catalog's ledger into the data folder; else do nothing.

    Raises:
        ConfigError: if the extra ``spark`` is not installed.
        StorageError: if the catalog can't be reached.
    """
    if settings.engine == "spark":
        import_lake().refresh_ledger(settings)
