"""The ``mp`` command. Commands import heavy libraries when they need them: ``mp --help`` is
fast."""

import sys

from mixpanel_data.cli.signals import listen


def main() -> None:
    """Run ``mp`` and exit with one of the documented codes."""
    listen()
    from mixpanel_data.cli.output import streams

    streams.prepare()
    from mixpanel_data.cli.app import run

    sys.exit(run(sys.argv[1:]))
