"""``mp doctor``: what is set, by whom, and whether it works."""

from typing import Any

from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

Check = tuple[str, str, str]


def doctor(
    account: AccountOption = None, data_dir: DataDirOption = None, fmt: FormatOption = Format.table
) -> int:
    """Show which settings and credentials won and why, secrets masked, and try them.

    Example: mp doctor --format json
    """
    from mixpanel_data.cli.output import print_rows

    checks, code = _examine(account, data_dir)
    print_rows(["what", "value", "from"], checks, fmt)
    return code


def _examine(account: str | None, data_dir: Any) -> tuple[list[Check], int]:
    from mixpanel_data._internal.accounts import resolve
    from mixpanel_data._internal.settings import Settings, load_settings
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError

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
    reached, code = _reach(settings, credentials)
    return [*checks, reached, *_folder(settings)], code


def _reach(settings: Any, credentials: Any) -> tuple[Check, int]:
    from mixpanel_data._internal.api_client import MixpanelAPIClient
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError

    try:
        with MixpanelAPIClient(
            credentials, base_url=settings.api_base_url, max_attempts=1
        ) as client:
            project = client.me().get("results", {}).get("projects", {}).get(credentials.project_id)
    except MixpanelDataError as error:
        return ("mixpanel", f"{error.code}: {error}", ""), exit_code(error)
    if not isinstance(project, dict):
        return (
            "mixpanel",
            f"these credentials do not reach project {credentials.project_id}",
            "/api/app/me",
        ), 2
    zone = project.get("timezone")
    return ("mixpanel", f"answers; the project's time zone is {zone}", "/api/app/me"), 0


def _folder(settings: Any) -> list[Check]:
    folder = settings.folder
    return [
        (
            what,
            f"{path} ({path.stat().st_size / 1e6:.1f} MB)"
            if path.is_file()
            else f"{path} (not there yet)",
            "",
        )
        for what, path in (("raw database", folder.raw), ("published database", folder.published))
    ]


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
