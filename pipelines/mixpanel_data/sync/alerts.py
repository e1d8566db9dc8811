"""Sends alerts about runs: when one begins, when it ends, and when nothing ran."""

import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from mixpanel_data._internal.alerts.configuration import (
    AlertSettings,
    Kind,
    load_alert_settings,
)
from mixpanel_data._internal.alerts.incidents import REPEATED, Cause, Incidents
from mixpanel_data._internal.alerts.sending import Delivery, Message, send, without_secrets
from mixpanel_data._internal.alerts.state_file import incidents_of
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import now
from mixpanel_data._internal.data_folder.lock import find_holder
from mixpanel_data._internal.publication.schema_changes import summarize
from mixpanel_data._internal.run.history import RunHistory
from mixpanel_data._internal.run.progress import QUIET, Progress
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.text import format_duration
from mixpanel_data.exceptions import (
    ConfigError,
    MixpanelDataError,
    PublishTargetError,
    RateLimitError,
)
from mixpanel_data.sync.job import Only, Sync
from mixpanel_data.sync.status import Status, read_status

MOST_CHARACTERS = 1_000
"""Of an error's message in an alert."""

SHOWN_CHANGES = 10
"""Schema changes that an alert lists."""

_TITLES = {
    "failed": "failed",
    "crashed": "crashed",
    "late": "late",
    "not_fresh": "not fresh",
    "schema_change": "schema changes",
    "recovered": "recovered",
    "test": "test",
}


def _steps(only: Only | None, *, build: bool, fetch: bool) -> frozenset[str]:
    """Return the steps of a run with these options: events, profiles, build."""
    fetched = {only} if only else {"events", "profiles"}
    return frozenset((fetched if fetch else set()) | ({"build"} if build else set()))


class Watch:
    """Sends the alerts of one run."""

    def __init__(self, settings: Settings, progress: Progress, steps: frozenset[str]) -> None:
        self._sender = _Sender(settings, _load(settings, progress), progress)
        self._settings = settings
        self._steps = steps
        self._job: Sync | None = None

    def watch(self, job: Sync, credentials: Credentials | None) -> Sync:
        """Return ``job``, whose report the alerts at the end are about."""
        self._job = job
        self._sender.credentials = credentials
        return job

    def begin(self) -> None:
        """Send an alert if the run before was killed."""
        if self._sender.is_off:
            return
        if causes := _crashes(self._settings):
            with incidents_of(self._settings.folder) as incidents:
                _record_crash(incidents, causes)
                self._sender.send_due(incidents)

    def end(self, error: BaseException | None) -> None:
        """Send the alerts about the end of the run; none if someone stopped it."""
        is_stopped = error is not None and not isinstance(error, Exception)
        if self._sender.is_off or is_stopped:
            return
        report = self._job.report if self._job else SyncReport()
        errors = [*report.failures, *report.failed_copies, *([error] if error else [])]
        status = self._sender.read_status()
        with incidents_of(self._settings.folder) as incidents:
            causes = _failures(errors, report, self._steps)
            incidents.record(causes)
            _close(incidents, causes, errors, report, self._steps, status)
            _record_age(incidents, status, self._sender.alerts)
            extra = []
            if report.schema_changes and "schema_change" in self._sender.alerts.kinds:
                changes = summarize(report.schema_changes, SHOWN_CHANGES)
                lines = [f"{changes}.", "The table `schema_changes` has all of them."]
                extra.append(self._sender.message("schema_change", lines, status))
            # A success while something else is wrong must not silence a dead man's switch.
            ping = not errors and not incidents.open and "events" in self._steps
            self._sender.send_due(incidents, status, extra=extra, ping=ping)


@contextmanager
def alerting(
    settings: Settings,
    *,
    progress: Progress = QUIET,
    only: Only | None = None,
    build: bool = True,
    fetch: bool = True,
) -> Iterator[Watch]:
    """Send alerts about the run in the block: by ``[alerts]`` of ``.dlt/config.toml``.

    An alert that can't be sent is logged and raises nothing. Each of the two moments, before and
    after the block, takes at most the ``timeout`` of the settings.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        progress: Called when an alert was sent, or could not be sent.
        only: What the run fetches; None: events and profiles.
        build: Whether it builds and publishes.
        fetch: Whether it fetches.
    """
    watch = Watch(settings, progress, _steps(only, build=build, fetch=fetch))
    _guarded(watch.begin, progress)
    try:
        yield watch
    except BaseException as error:
        raised = error
        _guarded(lambda: watch.end(raised), progress)
        raise
    _guarded(lambda: watch.end(None), progress)


def check_alerts(settings: Settings, progress: Progress = QUIET) -> list[Cause]:
    """Send what no run can: that the last one was killed, that none began in time, that the data
    are not fresh. Return what is wrong.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        progress: Called when an alert was sent, or could not be sent.

    Raises:
        ConfigError: if a setting of ``[alerts]`` is invalid.
        StorageError: if the status of the data folder can't be read.
    """
    alerts = load_alert_settings(settings)
    sender = _Sender(settings, alerts, progress)
    status = read_status(settings)
    with incidents_of(settings.folder) as incidents:
        _record_crash(incidents, _crashes(settings))
        late = _late(status, alerts)
        incidents.record(late)
        incidents.close(lambda cause: cause.kind == "late" and not late)
        _record_age(incidents, status, alerts)
        sender.send_due(incidents, status)
        return list(incidents.open)


def send_test(settings: Settings) -> list[Delivery]:
    """Send a test message to each target, and return what became of it.

    Args:
        settings: The settings, as :func:`load_settings` returns them.

    Raises:
        ConfigError: if a setting of ``[alerts]`` is invalid, or there is no target.
    """
    alerts = load_alert_settings(settings)
    if alerts.is_empty:
        raise ConfigError(
            "No target of alerts is configured. Set `urls` in [alerts] of .dlt/secrets.toml, or "
            "ALERTS__URLS."
        )
    sender = _Sender(settings, alerts, QUIET)
    lines = [
        "This is a test message of `mp alerts test`. Alerts of runs come to the same place.",
        f"Kinds: {', '.join(alerts.kinds)}.",
    ]
    return send(alerts, [sender.message("test", lines)], ping=True)


class _Sender:
    """Composes messages and sends them."""

    def __init__(self, settings: Settings, alerts: AlertSettings, progress: Progress) -> None:
        self.alerts = alerts
        self.credentials: Credentials | None = None
        self._settings = settings
        self._progress = progress

    @property
    def is_off(self) -> bool:
        return self.alerts.is_empty

    def read_status(self) -> Status | None:
        """Return the status; None if it can't be read, which is what the run failed of."""
        try:
            return read_status(self._settings)
        except MixpanelDataError:
            return None

    def send_due(
        self,
        incidents: Incidents,
        status: Status | None = None,
        *,
        extra: Sequence[Message] = (),
        ping: bool = False,
    ) -> None:
        """Send what is due, and record what a target received."""
        if self.is_off:
            return
        due = {
            kind: (causes, self._about(kind, causes, status))
            for kind, causes in incidents.due(self.alerts.kinds).items()
        }
        messages = [*(message for _, message in due.values()), *extra]
        deliveries = send(self.alerts, messages, ping=ping)
        received = [message for each in deliveries for message in each.received]
        for kind, (causes, message) in due.items():
            if message in received:
                incidents.delivered(kind, causes)
        for each in deliveries:
            for message in each.received:
                self._progress.alerted(f"alert sent to {each.target}: {message.title}")
            if each.problem:
                self._progress.alert_failed(
                    f"an alert could not be sent to {each.target}: {each.problem}"
                )

    def message(self, kind: str, lines: Sequence[str], status: Status | None = None) -> Message:
        """Return a message without secrets. The last line names the machine and the folder."""
        project = status.project if status else None
        if self.credentials:
            project = (self.credentials.project_id, self.credentials.region)
        about = f"project {project[0]} ({project[1]})" if project else "no project yet"
        where = f"Data folder {self._settings.data_dir} on {socket.gethostname()}."
        title = f"mixpanel_data {_TITLES[kind]}: {about}"
        return Message(kind, self._clean(title), self._clean("\n".join([*lines, where])))

    def _clean(self, text: str) -> str:
        urls = [each.get_secret_value() for each in self.alerts.urls]
        if self.alerts.ping_url:
            urls.append(self.alerts.ping_url.get_secret_value())
        if self.credentials:
            text = Redactor(self.credentials)(text)
        text = without_secrets(text, urls)
        # Event names may have control characters, with which a message shows other things.
        return "".join(sign for sign in text if sign == "\n" or sign.isprintable())

    def _about(self, kind: Kind, causes: Sequence[Cause], status: Status | None) -> Message:
        if kind == "recovered":
            since = min(cause.since for cause in causes)
            lines = [
                f"Nothing is wrong now. Since {since[:16].replace('T', ' ')} UTC this was:",
                *(f"- {_first_line(cause.text)}" for cause in causes),
            ]
        else:
            repeated = max(cause.count for cause in causes)
            lines = [cause.text for cause in causes]
            if repeated >= REPEATED:
                lines.insert(
                    0, f"{repeated} in a row. The next alert is the one that it recovered."
                )
        return self.message(kind, [*lines, *_freshness_lines(status)], status)


def _load(settings: Settings, progress: Progress) -> AlertSettings:
    """Return the settings of alerts; none if they are wrong, since a sync is worth more."""
    try:
        return load_alert_settings(settings)
    except ConfigError as error:
        progress.alert_failed(f"no alerts are sent: {error}")
        return AlertSettings()


def _guarded(send_alerts: Callable[[], None], progress: Progress) -> None:
    """Call ``send_alerts``; an error is logged and not raised."""
    try:
        send_alerts()
    except Exception as error:  # noqa: BLE001  (no alert is worth a failed sync)
        progress.alert_failed(f"alerts could not be sent: {type(error).__name__}")


def _failures(
    errors: Sequence[BaseException], report: SyncReport, steps: frozenset[str]
) -> list[Cause]:
    """Return a cause for each code of an error, with the days that are missing because of it."""
    missing = {str(day) for window in report.missing for day in window.days()}
    has_new_days = any(day.rows_before is None for day in report.days)
    causes: dict[str, Cause] = {}
    for error in errors:
        if isinstance(error, RateLimitError) and has_new_days:
            continue  # a long history arrives in parts, and nothing is wrong
        code = error.code if isinstance(error, MixpanelDataError) else type(error).__name__
        days = frozenset(_days_of(error) & missing)
        # A failed build has the report of what was loaded before it.
        is_build = isinstance(error, PublishTargetError) or getattr(error, "report", None)
        of_step = frozenset({"build"}) if is_build else steps
        text = f"{code}: {str(error)[:MOST_CHARACTERS]}"
        if code in causes:
            days |= causes[code].days
            text = causes[code].text
        causes[code] = Cause("failed", code, text, _now(), days, of_step)
    return list(causes.values())


def _days_of(error: BaseException) -> set[str]:
    details = error.details if isinstance(error, MixpanelDataError) else {}
    first, last = details.get("from_date"), details.get("to_date")
    if not first or not last:
        return set()
    begin, end = date.fromisoformat(str(first)), date.fromisoformat(str(last))
    return {str(begin + timedelta(days=n)) for n in range((end - begin).days + 1)}


def _close(
    incidents: Incidents,
    now_failed: Collection[Cause],
    errors: Sequence[BaseException],
    report: SyncReport,
    steps: frozenset[str],
    status: Status | None,
) -> None:
    """Close the causes that this run has shown to be over."""
    missing = {str(day) for window in report.missing for day in window.days()}
    gaps = {str(day) for gap in status.gaps for day in gap.days()} if status else set()

    def is_over(cause: Cause) -> bool:
        if cause.kind == "late":
            return True
        if cause.kind == "not_fresh" or any(cause.is_same(other) for other in now_failed):
            return False
        if cause.days:
            # Also by a run in which other days failed.
            return "events" in steps and status is not None and not cause.days & (missing | gaps)
        return not errors and cause.steps <= steps

    incidents.close(is_over)


def _crashes(settings: Settings) -> list[Cause]:
    """Return the newest run as a cause if it was killed."""
    runs = RunHistory(settings.folder.runs).read()
    if not runs or runs[-1].ended_at is not None or find_holder(settings.folder) is not None:
        return []
    started = runs[-1].started_at
    text = (
        f"The run that began at {started:%Y-%m-%d %H:%M} UTC was killed: it has no end. Nothing "
        "that was loaded is lost; the next `mp sync` continues. If it happens often, look for the "
        "system's messages about memory, or set MP_MEMORY_LIMIT lower."
    )
    return [Cause("crashed", "CRASHED", text, started.replace(tzinfo=UTC).isoformat())]


def _record_crash(incidents: Incidents, causes: Sequence[Cause]) -> None:
    for cause in causes:
        if cause.since != incidents.crash_seen:
            incidents.crash_seen = cause.since
            incidents.record([cause])


def _late(status: Status, alerts: AlertSettings) -> list[Cause]:
    last = status.last_attempt
    if last is None:
        return []
    waited = now() - last.started_at.replace(tzinfo=UTC)
    if waited.total_seconds() <= alerts.late_after:
        return []
    text = (
        f"No run began since {last.started_at:%Y-%m-%d %H:%M} UTC, "
        f"{format_duration(waited.total_seconds())} ago. Is the scheduler up? `mp sync` by hand "
        "fetches what is missing."
    )
    return [Cause("late", "LATE", text, _now())]


def _record_age(incidents: Incidents, status: Status | None, alerts: AlertSettings) -> None:
    if status is None:
        return
    age = status.age()
    if status.days == 0 and not status.gaps and status.last_attempt and not status.failed_runs:
        return  # runs succeed, and fetch no events
    if _lacks_older_days_only(status) or (
        age is not None and age.total_seconds() <= alerts.max_age
    ):
        incidents.close(lambda cause: cause.kind == "not_fresh")
        return
    if any(cause.kind == "not_fresh" for cause in incidents.open):
        return  # counted once: it is a state, not an occurrence
    older = format_duration(alerts.max_age)
    text = f"The data are older than {older}. `mp sync` fetches what is missing, and publishes it."
    incidents.record([Cause("not_fresh", "NOT_FRESH", text, _now())])


def _lacks_older_days_only(status: Status) -> bool:
    """Return True if a back-fill has yet to fetch the oldest days, and all others are complete."""
    complete = min((record.day for record in status.records if record.is_complete()), default=None)
    return bool(status.gaps) and complete is not None and status.gaps[-1].last < complete


def _freshness_lines(status: Status | None) -> list[str]:
    if status is None:
        return []
    complete = status.complete_up_to or "no day"
    published = status.published_up_to or "no day"
    lines = [f"Complete up to {complete}, published up to {published}."]
    if status.gaps:
        shown = ", ".join(map(str, status.gaps[:SHOWN_CHANGES]))
        lines.append(f"Missing: {shown}. `mp status` has more, and `mp sync` continues.")
    return lines


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:200]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
