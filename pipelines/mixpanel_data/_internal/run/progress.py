"""Who wants to know how a run goes on. Each method may do nothing; this one does."""

from mixpanel_data._internal.api.engage_pages import EngagePage
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import MixpanelDataError


class Progress:
    """Listens to a run and says nothing; the command line has one that draws."""

    def planned(self, days: int) -> None:
        """So many days will be asked for."""

    def landing(self, window: Window) -> None:
        """The request for ``window`` is about to be made."""

    def waiting(self, seconds: float, reason: str) -> None:
        """No request will be made for so many seconds. ``reason``: what is waited for, such as "the
        export budget"."""

    def received(self, window: Window, count: int) -> None:
        """``count`` more bytes of ``window`` have come."""

    def landing_profiles(self) -> None:
        """The profiles are about to be read."""

    def page(self, page: EngagePage) -> None:
        """A page of profiles has come."""

    def loading(self, rows: int) -> None:
        """A package of about ``rows`` rows is about to be loaded."""

    def loaded(self, file: Landed) -> None:
        """The rows of ``file`` are in the raw tables."""

    def building(self, what: str) -> None:
        """dbt is at ``what``."""

    def published(self, published: Published) -> None:
        """Readers see the new file."""

    def failed(self, error: MixpanelDataError) -> None:
        """Something did not come; the run goes on if it can."""


QUIET = Progress()
