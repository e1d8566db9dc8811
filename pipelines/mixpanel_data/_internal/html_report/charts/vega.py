"""Vega, the charting library. Its script is part of the page (0.9 MB) and draws the
specifications."""

from functools import cache
from importlib.resources import files
from typing import Any

from mixpanel_data.exceptions import ConfigError

Spec = dict[str, Any]
VEGA_LITE = "6.4"


def vl_convert() -> Any:
    """Import and return the module that contains Vega.

    Raise ConfigError, with the command to install it, if it is missing.
    """
    try:
        import vl_convert  # noqa: PLC0415, RUF100 - 90 MB that only a report needs
    except ImportError as error:
        raise ConfigError(
            "A report needs a charting library, which is not installed: pip install 'mixpanel-data[report]'."
        ) from error
    return vl_convert


@cache
def page_script() -> str:
    """Return the script of the page, including Vega."""
    own = (
        files("mixpanel_data._internal.html_report")
        .joinpath("templates/report.js")
        .read_text(encoding="utf-8")
    )
    return str(vl_convert().javascript_bundle(own, vl_version=VEGA_LITE))
