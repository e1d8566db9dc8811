"""The pipeline as a script: ``python pipelines/mixpanel_pipeline.py [--from DAY] [--to DAY]``.

Fetch what is missing and the look-back days and load them into raw.duckdb. `mp sync` also builds
the models and publishes them; so does --build.
"""

import argparse
import sys

from mixpanel_data.cli.run_sync import SyncOptions, run_sync
from mixpanel_data.exceptions import MixpanelDataError


def main() -> int:
    """Run the load and return its exit code, like that of ``mp``."""
    parser = argparse.ArgumentParser(
        description="Load a Mixpanel project into raw.duckdb with dlt."
    )
    parser.add_argument("--from", dest="first", metavar="DAY", help="first day, YYYY-MM-DD")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last day, included")
    parser.add_argument("--only", choices=("events", "profiles"))
    parser.add_argument("--build", action="store_true", help="run dbt and publish afterwards")
    arguments = parser.parse_args()
    try:
        return run_sync(
            SyncOptions(
                first=arguments.first,
                last=arguments.last,
                only=arguments.only,
                build=arguments.build,
            )
        )
    except MixpanelDataError as error:
        from mixpanel_data.cli.errors import exit_code, show_error

        show_error(error)
        return exit_code(error)


if __name__ == "__main__":
    sys.exit(main())
