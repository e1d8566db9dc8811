"""``mp demo``: the whole job over sample data, in one command."""

import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mixpanel_data.sandbox import Dataset, Sandbox
    from mixpanel_data.sync import SyncReport

MARK = ".mp-demo"
DAYS = 60
PROJECT = "project"
"""The folder of the demo's project, in that of its data."""

GROUPS = "company=1001"

QUESTIONS = (
    (
        "What happens most?",
        "SELECT event, count(*) AS events, count(DISTINCT user_id) AS users\n"
        "FROM events GROUP BY ALL ORDER BY events DESC LIMIT 5",
    ),
    (
        "How did the last week go?",
        "SELECT event_date AS day, count(DISTINCT user_id) AS active_users, count(*) AS events\n"
        "FROM events GROUP BY ALL ORDER BY day DESC LIMIT 7",
    ),
    (
        "How many events did Mixpanel export more than once?",
        "WITH fetches AS (SELECT arg_max(row_count, load_number) AS rows_exported FROM _metadata\n"
        "                 WHERE table_name = 'events' GROUP BY window_start)\n"
        "SELECT sum(rows_exported) AS exported, (SELECT count(*) FROM events) AS events,\n"
        "       sum(rows_exported) - (SELECT count(*) FROM events) AS copies FROM fetches",
    ),
)


def demo(
    folder: Annotated[
        Path,
        typer.Option(
            "--data-dir",
            metavar="FOLDER",
            help="The folder of the demo's data; emptied each time.",
        ),
    ] = Path("demo-data"),
) -> int:
    """Show the whole job over sample data, in one command.

    It starts a sandbox, copies its data into DuckDB, builds and publishes the tables, and runs
    three queries.

    Example: mp demo
    """
    import time

    from mixpanel_data.sandbox import Dataset, Sandbox

    started = time.monotonic()
    _empty(folder)
    _echo("1. A sandbox that speaks Mixpanel's API, over an invented shop")
    dataset = Dataset.sample(days=DAYS)
    _add_an_invalid_line(dataset)
    with Sandbox(dataset, rate_limits=True) as sandbox:
        _echo(f"   {sandbox.base_url}: {DAYS} days of events up to yesterday\n")
        _echo("2. The job: plan, land and verify, load, dbt build, publish")
        report = _sync(sandbox, folder)
    _conclude(report, folder, time.monotonic() - started)
    return 1 if report.failures else 0


def _empty(folder: Path) -> None:
    from mixpanel_data.exceptions import ConfigError

    # Only a folder that an earlier demo marked, or an empty one, may be deleted.
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} has files that are not a demo's. Name another folder: mp demo --data-dir …"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _add_an_invalid_line(dataset: "Dataset") -> None:
    """Add an event with a byte that is not UTF-8, so that ``_rejected`` has a row."""
    event = dataset.events_on(dataset.days()[DAYS // 2])[0]
    text = event.line.replace(b'"properties":{', b'"properties":{"note":"caf\xe9",', 1)
    dataset.add_line(event.day, text.replace(b'"$insert_id":"', b'"$insert_id":"invalid-', 1))


def _new_project(folder: Path) -> Path:
    """Write the project of the demo, with variables for the events of the shop, and return its
    folder."""
    from mixpanel_data.project import init_project

    project = init_project(folder / PROJECT).folder
    file = project / "dbt_project.yml"
    head, _, _ = file.read_text(encoding="utf-8").partition("\nvars:\n")
    variables = Path(__file__).with_name("demo_variables.yml").read_text(encoding="utf-8")
    file.write_text(f"{head}\n{variables}", encoding="utf-8")
    return project


def _sync(sandbox: "Sandbox", folder: Path) -> "SyncReport":
    from mixpanel_data.auth import Credentials
    from mixpanel_data.cli.output.progress import show_progress
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import Sync, exclusive

    account = sandbox.credentials
    project = _new_project(folder)
    settings = load_settings(
        {"MP_PROJECT_DIR": str(project), "MP_GROUPS": GROUPS},
        data_dir=folder,
        api_base_url=sandbox.base_url,
    )
    settings = settings.model_copy(
        update={"start_date": datetime.now(UTC).date() - timedelta(days=DAYS)}
    )
    credentials = Credentials.model_validate(asdict(account))
    with exclusive(settings.folder), show_progress() as progress:
        return Sync(settings, credentials, progress=progress).run()


def _conclude(report: "SyncReport", folder: Path, seconds: float) -> None:
    from mixpanel_data.cli.errors import show_error
    from mixpanel_data.cli.options import Format
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.cli.output.summary import summary_lines, warning_lines
    from mixpanel_data.published import query
    from mixpanel_data.settings import DataFolder

    for line in (*warning_lines(report), *summary_lines(report)):
        _echo(f"   {line}")
    for error in report.failures:
        show_error(error)
    if not report.published:
        return
    _echo("\n3. Three answers, from the file a BI tool opens")
    for question, sql in QUESTIONS:
        typer.echo(f"\n{question}")
        rows = query(DataFolder.at(folder), sql)
        print_rows(rows.columns, rows, Format.table)
    _echo(f"Done in {seconds:.0f} s. Go on with:")
    program = Path(sys.argv[0]).name if shutil.which("mp") else sys.argv[0]
    for command in (
        f"{program} status --data-dir {folder}",
        f"{program} report --data-dir {folder}   # one HTML file: users, funnels, revenue, …",
        f'{program} query sql "SELECT * FROM profiles LIMIT 5" --data-dir {folder}',
        f"{program} init my-mixpanel   # a project of your own; its README.md goes on",
    ):
        _echo(f"   {command}")
    _echo(f"{folder / PROJECT / 'dbt_project.yml'} defines its funnels, attribution and columns.")


def _echo(text: str) -> None:
    sys.stdout.flush()
    typer.echo(text)
