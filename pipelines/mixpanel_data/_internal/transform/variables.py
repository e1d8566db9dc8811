"""The check of the dbt models' variables, before dbt starts."""

from collections.abc import Collection
from functools import partial

from mixpanel_data._internal.database.raw_events import event_names
from mixpanel_data._internal.project.variables import check, read_variables
from mixpanel_data._internal.project.variables import unknown_events as sentences
from mixpanel_data._internal.settings import Settings


def check_variables(settings: Settings, *, events: bool) -> None:
    """Check the variables of the project.

    With ``events``, also check that the events they name are in the raw database.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        events: Also check the names of events.

    Raises:
        ConfigError: if there is a mistake; the message has each one and its file.
    """
    known = partial(event_names, settings.folder.raw) if events else None
    check(read_variables(settings.dbt_project), known)


def unknown_events(settings: Settings, known: Collection[str]) -> list[str]:
    """Return a sentence for each event that the variables name and that is not among ``known``.

    Raises:
        ConfigError: if the variables have another mistake.
    """
    return sentences(check(read_variables(settings.dbt_project)), known)
