"""A process that asks: ``asking.py FOLDER BASE_URL FAMILY THREADS REQUESTS``. Prints ``429`` for every one it met."""

import sys
import threading
from datetime import date
from pathlib import Path

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data.auth import Credentials
from mixpanel_data.exceptions import RateLimitError
from mixpanel_data.sandbox.sandbox import PROJECT_ID, SECRET, USERNAME

DAY = date(2026, 3, 4)


def ask(client: MixpanelAPIClient, family: str) -> None:
    if family == "query":
        list(client.engage_pages())
        return
    with client.export(DAY, DAY) as stream:
        b"".join(stream.iter_raw())


def main(folder: str, base_url: str, family: str, threads: str, requests: str) -> None:
    account = {"username": USERNAME, "secret": SECRET, "project_id": PROJECT_ID, "region": "us"}
    credentials = Credentials.model_validate(account)
    budget = RateLimiter(Path(folder), project_id=PROJECT_ID, region="us")
    client = MixpanelAPIClient(credentials, base_url=base_url, gate=budget, max_rate_limit_wait=0)

    def work() -> None:
        try:
            for _ in range(int(requests)):
                ask(client, family)
        except RateLimitError:
            print("429", flush=True)

    workers = [threading.Thread(target=work) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
