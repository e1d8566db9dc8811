"""The sandbox in the foreground: what `mp sandbox` and `python -m mixpanel_data.sandbox` run."""

import shlex
from collections.abc import Callable

from mixpanel_data.sandbox.dataset import Dataset
from mixpanel_data.sandbox.sandbox import Sandbox


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    dataset: Dataset | None = None,
    rate_limits: bool = False,
    show: Callable[[str], None] = print,
) -> None:
    """Serve until SIGINT (raised as KeyboardInterrupt) or SIGTERM; ``show`` gets the summary once
    the port is open.

    ``dataset`` None is the sample shop up to yesterday. OSError when the port is taken; port 0
    takes a free one.
    """
    sample = Dataset.sample() if dataset is None else dataset
    sandbox = Sandbox(sample, rate_limits=rate_limits, host=host, port=port)
    sandbox.run(announce=lambda: show(summary(sandbox)))


def summary(sandbox: Sandbox) -> str:
    """Where the sandbox is, what is in it, and the lines that point a shell at it."""
    dataset = sandbox.dataset
    days = dataset.days()
    events = sum(len(dataset.events_on(day)) for day in days)
    span = f"{days[0]} to {days[-1]}" if days else "no days"
    return "\n".join(
        [
            f"Mixpanel sandbox at {sandbox.base_url}: {events:,} events, {span}; "
            f"{len(dataset.profiles()):,} profiles.",
            "",
            "In another shell:",
            *(f"  export {name}={shlex.quote(value)}" for name, value in sandbox.env().items()),
            "",
            "Ctrl-C stops it.",
        ]
    )
