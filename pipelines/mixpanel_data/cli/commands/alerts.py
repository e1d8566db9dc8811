"""``mp alerts``: messages when a run fails or the data are not fresh."""

import typer

from mixpanel_data.cli.errors import FAILED, STALE
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption

app = typer.Typer(
    help="Messages when a run fails, or data are late.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("test")
def send_test_message(data_dir: DataDirOption = None, fmt: FormatOption = Format.table) -> int:
    """Send a test message to each target, and request the ping URL.

    Targets are named without their secrets. The exit code is 1 if one did not accept it.

    Example: mp alerts test
    """
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import send_test

    deliveries = send_test(load_settings(data_dir=data_dir))
    rows = [[each.target, not each.problem, each.problem] for each in deliveries]
    print_rows(["target", "accepted", "problem"], rows, fmt)
    return FAILED if any(each.problem for each in deliveries) else 0


@app.command("check")
def check(data_dir: DataDirOption = None, fmt: FormatOption = Format.table) -> int:
    """Send what no run can: the last one was killed, none began in time, the data are not fresh.

    Schedule it apart from the syncs, on another machine if possible. An alert is sent once, and
    once more when all recovered. The exit code is 8 if something is wrong.

    Example: mp alerts check
    """
    from mixpanel_data.cli.output.progress import LineProgress
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import check_alerts

    found = check_alerts(load_settings(data_dir=data_dir), LineProgress())
    rows = [[each.kind, each.since, each.count, each.text] for each in found]
    print_rows(["kind", "since", "in_a_row", "message"], rows, fmt)
    return STALE if found else 0
