"""Runs the sandbox in the foreground, for `mp sandbox` and `python -m mixpanel_data.sandbox`."""

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
    """Serve until SIGINT (raised as KeyboardInterrupt) or SIGTERM; pass the summary to ``show``.

    ``dataset`` None is the sample shop up to yesterday. Port 0 selects a free one. Raise OSError if
    the port is in use.
    """
    sample = Dataset.sample() if dataset is None else dataset
    sandbox = Sandbox(sample, rate_limits=rate_limits, host=host, port=port)
    sandbox.run(announce=lambda: show(summary(sandbox)))


def summary(sandbox: Sandbox) -> str:
    """Describe the sandbox, its data, and the shell lines that configure `mp` for it."""
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
