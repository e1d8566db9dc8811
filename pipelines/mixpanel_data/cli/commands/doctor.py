"""``mp doctor``: which settings count, where they come from, and whether they work."""

from pathlib import Path
from typing import Any

from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

Check = tuple[str, str, str]

ME = "/api/app/me"


def doctor(
    account: AccountOption = None, data_dir: DataDirOption = None, fmt: FormatOption = Format.table
) -> int:
    """Show which settings and account won and why, and try them.

    Secrets are masked. Ends as the account does: with 2 when Mixpanel refuses it, with 3 when there is none.

    Example: mp doctor --format json
    """
    from mixpanel_data.cli.output.rows import print_rows

    checks, code = _examine(account, data_dir)
    print_rows(["what", "value", "from"], checks, fmt)
    return code


def _examine(account: str | None, data_dir: Any) -> tuple[list[Check], int]:
    from mixpanel_data.auth import resolve
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError
    from mixpanel_data.settings import Settings, load_settings

    settings = load_settings(data_dir=data_dir)
    checks: list[Check] = [
        (name, _shown(getattr(settings, name)), settings.origin(name))
        for name in Settings.model_fields
    ]
    try:
        found = resolve(settings, account)
    except MixpanelDataError as error:
        return [*checks, ("credentials", f"none: {error}", "")], exit_code(error)
    credentials = found.credentials
    checks += [
        ("username", credentials.username, found.source),
        ("secret", "********", found.source),
        ("project_id", credentials.project_id, found.source),
        ("region", credentials.region, found.source),
    ]
    reached, code = _reach(settings, account)
    return [*checks, reached, *_folder(settings)], code


def _reach(settings: Any, account: str | None) -> tuple[Check, int]:
    from mixpanel_data.auth import check_account
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError

    try:
        found = check_account(settings, account)
    except MixpanelDataError as error:
        return ("mixpanel", f"{error.code}: {error}", ""), exit_code(error)
    zone = found["timezone"]
    suffix = (
        f"; the project's time zone is {zone}"
        if zone
        else ", and does not say which projects these are for"
    )
    return ("mixpanel", f"answers{suffix}", ME), 0


def _folder(settings: Any) -> list[Check]:
    folder = settings.folder
    checks = [
        (what, _file(path), "")
        for what, path in (("raw database", folder.raw), ("published database", folder.published))
    ]
    return [*checks, ("event times", _times(settings), "published database")]


def _file(path: Path) -> str:
    return (
        f"{path} ({path.stat().st_size / 1e6:.1f} MB)"
        if path.is_file()
        else f"{path} (not there yet)"
    )


def _times(settings: Any) -> str:
    from mixpanel_data.exceptions import DatabaseDamagedError, DatabaseLockedError
    from mixpanel_data.sync import looks_shifted

    if not settings.folder.published.is_file():
        return "nothing published yet"
    try:
        hours = looks_shifted(settings.folder.published)
    except (DatabaseLockedError, DatabaseDamagedError) as error:
        return f"can't be read: {error}"
    if hours is None:
        return f"fit MP_TIME_BASIS={settings.time_basis}"
    other = (
        "project, with MP_PROJECT_TIMEZONE"
        if settings.time_basis == "utc"
        else "utc, or another MP_PROJECT_TIMEZONE"
    )
    return (
        f"WARNING: most are {abs(hours):g} h {'ahead of' if hours > 0 else 'behind'} the time at which Mixpanel received them. "
        f"Is it MP_TIME_BASIS={other}? Then change it and fetch the days again."
    )


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
