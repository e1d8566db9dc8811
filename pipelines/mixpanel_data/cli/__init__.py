"""The ``mp`` command. Heavy libraries are imported by the commands that need them: ``mp --help`` is quick."""

import sys

from mixpanel_data.cli.signals import listen


def main() -> None:
    """Run ``mp`` and exit with one of the documented codes."""
    listen()
    from mixpanel_data.cli.app import run

    sys.exit(run(sys.argv[1:]))
