"""Dates as people type them."""

from datetime import date

from mixpanel_data.exceptions import ConfigError


def parse_day(text: str | None) -> date | None:
    """The date that ``text`` (``YYYY-MM-DD``) names; None stays None.

    Raises:
        ConfigError: it names none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no date. Write it as YYYY-MM-DD, for instance 2026-01-31."
        ) from None
