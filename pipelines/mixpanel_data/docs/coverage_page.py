"""The page on Mixpanel's API: which of its operations are covered and by what, and which are left out and why."""

from mixpanel_data._internal import services
from mixpanel_data.docs.markdown import NOTICE, documented, joined


def page() -> str:
    """The whole page."""
    _, _, tables = documented(services).partition("\n\n")
    return joined([NOTICE, "# Mixpanel's API, and what of it is here", tables])
