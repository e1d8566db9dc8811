"""Callbacks for the progress of a run. Each may do nothing; those of the base class do not."""

import logging

from mixpanel_data._internal.api.engage_pages import EngagePage
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.publish_targets.outcome import TargetCopy
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import MixpanelDataError


class Progress:
    """Receives the progress of a run and does nothing; the command line has one that prints."""

    def locked(self, holder: str, seconds: float) -> None:
        """Another process, ``holder``, works in the data folder. The run waits for it, at most
        ``seconds`` more."""

    def planned(self, days: int) -> None:
        """The number of days to fetch is known."""

    def landing(self, window: Window) -> None:
        """The request for ``window`` is about to be sent."""

    def waiting(self, seconds: float, reason: str) -> None:
        """No request will be sent for so many seconds. ``reason``: the thing waited for, such as
        "the export budget"."""

    def retrying(self, attempt: int, seconds: float, reason: str) -> None:
        """Attempt number ``attempt`` of a request failed because of ``reason``; the next one
        follows after ``seconds`` or a little more."""

    def expected(self, requests: int, seconds: float) -> None:
        """So many more requests for events are planned; the rate limit permits the last one in
        ``seconds``."""

    def received(self, window: Window, count: int) -> None:
        """``count`` more bytes of ``window`` were received."""

    def landing_profiles(self) -> None:
        """The profiles are about to be read."""

    def page(self, page: EngagePage) -> None:
        """A page of profiles was received."""

    def loading(self, rows: int) -> None:
        """A package of about ``rows`` rows is about to be loaded."""

    def loaded(self, file: Landed) -> None:
        """The rows of ``file`` are in the raw tables."""

    def load_info(self, text: str) -> None:
        """A package was loaded; ``text`` is dlt's description of it, in a few lines."""

    def building(self, what: str) -> None:
        """The build with dbt is at the step ``what``, such as the node ``model events``."""

    def built(self, what: str, ok: bool) -> None:
        """The node ``what`` of dbt ended; ``ok`` is False if it failed."""

    def published(self, published: Published) -> None:
        """Readers see the new file."""

    def copying(self, target: str, table: str) -> None:
        """A table is about to be copied to a publish target."""

    def copied(self, copy: TargetCopy) -> None:
        """A publish target has the publication."""

    def failed(self, error: MixpanelDataError) -> None:
        """A part failed; the run continues if it can."""

    def alerted(self, text: str) -> None:
        """A target received an alert."""

    def alert_failed(self, text: str) -> None:
        """An alert could not be sent. This one logs a warning, since no other sign is left."""
        logging.getLogger("mixpanel_data.alerts").warning("%s", text)


QUIET = Progress()
