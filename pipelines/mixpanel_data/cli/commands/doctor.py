"""``mp doctor``: the settings in force, their origins, and whether they work."""

import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_data.cli.errors import FAILED
from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data.auth import Credentials, Reached
    from mixpanel_data.settings import Settings

Check = tuple[str, str, str] | tuple[str, str, str, str]
"""What was checked, its value, where that comes from, and its state if that is not ``ok``."""

ME = "/api/app/me"


Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help=(
            "Remove files that killed runs left, unless a run is going on, and make private files "
            "private."
        ),
    ),
]


def doctor(
    fix: Fix = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    fmt: FormatOption = Format.table,
) -> int:
    """Show and test the project, settings and account.

    Then check versions, disk, lock, leftover files, permissions, clock, the publish targets and,
    with PREFECT_API_URL, the schedule. Two requests are sent that count in no budget, and, if there is
    a data folder, one of the query API, which shows whether the plan includes it. Secrets are masked.

    The exit code is 2 if Mixpanel rejects the account, 3 if there is none or a variable of the dbt
    models is wrong, 9 if a publish target can't be reached, and 1 if another check has the state
    error. Warnings leave it at 0.

    Example: mp doctor --format json
    """
    from mixpanel_data.cli.output.rows import print_rows

    checks, code = _examine(account, data_dir, fix=fix)
    rows = [(*check, *([] if len(check) > 3 else [_state(check[1])])) for check in checks]
    print_rows(["what", "value", "from", "state"], rows, fmt)
    return code or (FAILED if any(row[3] == "error" for row in rows) else 0)


def _state(value: str) -> str:
    return "warning" if value.startswith("WARNING") else "ok"


def _examine(account: str | None, data_dir: Any, *, fix: bool) -> tuple[list[Check], int]:
    from mixpanel_data.auth import find_credentials
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError
    from mixpanel_data.settings import Settings, load_settings

    # The order is that of the causes: a wrong project explains wrong settings, and these explain a
    # rejected account.
    settings = load_settings(data_dir=data_dir)
    checks: list[Check] = [
        (name, settings.shown(name), settings.origin(name)) for name in Settings.model_fields
    ]
    project, wrong = _project(settings)
    checks = [*_command(), *project, *checks, *_unknown(settings)]
    try:
        found = find_credentials(settings, account)
    # Without credentials there is nothing to send, and the rest is still worth showing.
    except MixpanelDataError as error:
        checks.append(("credentials", f"none: {error}", "", "error"))
        targets, _ = _targets(settings)
        return [*checks, *_health(settings, None, fix=fix), *targets], exit_code(error)
    credentials = found.credentials
    checks += [
        ("username", credentials.username, found.origin),
        ("secret", "********", found.origin),
        ("project_id", credentials.project_id, found.origin),
        ("region", credentials.region, found.origin),
    ]
    check, reached, code = _reach(settings, account)
    plan = _plan(settings, credentials) if reached else []
    health = _health(settings, reached, fix=fix)
    targets, unusable = _targets(settings)
    checks += [check, *plan, *_folder(settings), *health, *targets]
    return checks, code or wrong or unusable


def _health(settings: "Settings", reached: "Reached | None", *, fix: bool) -> list[Check]:
    from mixpanel_data.sync import check_health

    found = check_health(
        settings,
        clock_ahead=reached.clock_ahead if reached else timedelta(0),
        timezone=reached.project.get("timezone") if reached else None,
        fix=fix,
    )
    return [(each.what, each.value, each.source, each.state) for each in found]


def _plan(settings: "Settings", credentials: "Credentials") -> list[Check]:
    from mixpanel_data.sync import check_classified, check_plan

    findings = [check_plan(settings, credentials), check_classified(settings, credentials)]
    return [(each.what, each.value, each.source, each.state) for each in findings]


def _command() -> list[Check]:
    """Where ``mp`` on the PATH leads, if that is not this program."""
    found = shutil.which("mp")
    if found is None:
        return [("mp", "not on the PATH; `mixpanel-data` is the same command", "PATH")]
    if Path(found).resolve() == Path(sys.argv[0]).resolve() or _is_ours(Path(found)):
        return [("mp", found, "PATH")]
    return [
        (
            "mp",
            f"WARNING: {found} is another program, not this one. Use `mixpanel-data` in place of `mp`, "
            f"or put {Path(sys.executable).parent} first on the PATH.",
            "PATH",
        )
    ]


def _is_ours(program: Path) -> bool:
    """True if a script imports this package; mixpanel-headless installs one of the same name."""
    try:
        # An entry point of pip is a short script; the limit is for a large binary of the same name.
        return b"mixpanel_data.cli" in program.read_bytes()[:100_000]
    except OSError:
        return False


def _unknown(settings: "Settings") -> list[Check]:
    return [
        ("unknown setting", str(unknown), unknown.origin, "warning") for unknown in settings.unknown
    ]


def _project(settings: "Settings") -> tuple[list[Check], int]:
    """Return the checks of the project and its variables, and the exit code of a mistake there."""
    from importlib.metadata import version

    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import ConfigError
    from mixpanel_data.project import (
        check_variables,
        checkout_root,
        models_folder,
        read_variables,
    )

    project = settings.project
    checks: list[Check] = [
        ("project folder", _shown(project.root), project.origin),
        (
            "package",
            f"mixpanel_data {version('mixpanel-data')}, models in {models_folder()}",
            "checkout" if checkout_root() else "installed package",
        ),
    ]
    try:
        dbt_project = settings.dbt_project
        given = read_variables(dbt_project)
    except ConfigError as error:
        return [*checks, ("dbt project", f"none: {error}", "", "error")], exit_code(error)
    checks.append(("dbt project", str(dbt_project.folder), dbt_project.origin))
    # The variables of the package alone are its defaults, which nobody set.
    names = [] if dbt_project.is_package else sorted(given.values)
    set_here = f"set: {', '.join(names)}; the others have their defaults" if names else "defaults"
    try:
        check_variables(settings, events=True)
    except ConfigError as error:
        problem = " ".join(error.details.get("problems", [str(error)]))
        return [*checks, ("variables", f"wrong: {problem}", str(given.file), "error")], exit_code(
            error
        )
    return [*checks, ("variables", set_here, str(given.file))], 0


def _reach(settings: "Settings", account: str | None) -> tuple[Check, "Reached | None", int]:
    from mixpanel_data.auth import reach
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError

    try:
        reached = reach(settings, account)
    except MixpanelDataError as error:
        return ("mixpanel", f"{error.code}: {error}", "", "error"), None, exit_code(error)
    zone = reached.project.get("timezone")
    suffix = (
        f"; the project's time zone is {zone}"
        if zone
        else ", without the projects of these credentials"
    )
    return ("mixpanel", f"answers{suffix}", ME), reached, 0


def _targets(settings: "Settings") -> tuple[list[Check], int]:
    """Reach each publish target. Return the checks, and the exit code of the first that fails."""
    from mixpanel_data.cli.errors import exit_code
    from mixpanel_data.exceptions import MixpanelDataError
    from mixpanel_data.published import check_target, target_names

    checks: list[Check] = []
    code = 0
    try:
        names = target_names(settings)
    except MixpanelDataError as error:
        return [("publish targets", f"{error.code}: {error}", "", "error")], exit_code(error)
    for name in names:
        origin = f"[publish_targets.{name}]"
        try:
            checks.append((f"publish target {name}", check_target(name, settings=settings), origin))
        except MixpanelDataError as error:
            checks.append((f"publish target {name}", f"{error.code}: {error}", origin, "error"))
            code = code or exit_code(error)
    return checks, code


def _folder(settings: Any) -> list[Check]:
    folder = settings.folder
    checks: list[Check] = [
        (what, _file(path), "")
        for what, path in (("raw database", folder.raw), ("published database", folder.published))
    ]
    return [*checks, ("event times", _times(settings), "published database")]


def _file(path: Path) -> str:
    return (
        f"{path} ({path.stat().st_size / 1e6:.1f} MB)"
        if path.is_file()
        else f"{path} (does not exist)"
    )


def _times(settings: Any) -> str:
    from mixpanel_data.exceptions import DatabaseDamagedError, DatabaseLockedError
    from mixpanel_data.sync import looks_shifted

    if not settings.folder.published.is_file():
        return "nothing published"
    try:
        hours = looks_shifted(settings.folder.published)
    # A diagnosis must end, also where a file is damaged: `mp verify` has the details.
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
        f"WARNING: most are {abs(hours):g} h {'ahead of' if hours > 0 else 'behind'} the time at "
        f"which Mixpanel received them. Is it MP_TIME_BASIS={other}? Then change it, and refetch "
        "the days."
    )


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
