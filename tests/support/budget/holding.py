"""A process that lets ``COUNT`` requests go and never ends them: ``holding.py FOLDER FAMILY COUNT``. Prints a line when it has."""

import sys
import time
from pathlib import Path

from mixpanel_data._internal.rate_limit.limiter import RateLimiter


def main(folder: str, family: str, count: str) -> None:
    budget = RateLimiter(Path(folder), project_id="1", region="us")
    permits = [budget(family) for _ in range(int(count))]
    print(f"holding {len(permits)}", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
