"""``python -m mixpanel_data.sandbox [--host H] [--port P] [--rate-limits]``."""

import argparse
import sys

from mixpanel_data.sandbox.serve import serve

_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main() -> int:
    """Serve in the foreground, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mixpanel_data.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--rate-limits", action="store_true", help="enforce Mixpanel's limits")
    arguments = parser.parse_args()
    try:
        serve(
            arguments.host,
            arguments.port,
            rate_limits=arguments.rate_limits,
            show=lambda text: print(text, flush=True),
        )
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
