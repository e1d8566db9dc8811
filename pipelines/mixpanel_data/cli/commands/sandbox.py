"""``mp sandbox``: a server with Mixpanel's API over sample data."""

from functools import partial
from typing import Annotated

import typer


def sandbox(
    port: Annotated[
        int, typer.Option(metavar="N", help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8000,
    rate_limits: Annotated[
        bool, typer.Option("--rate-limits", help="Enforce Mixpanel's documented limits.")
    ] = False,
) -> None:
    """Serve sample data on loopback, as Mixpanel would.

    The data are events and profiles of an invented shop. Stop with Ctrl-C.

    Example: mp sandbox --port 8000
    """
    from mixpanel_data.exceptions import ConfigError
    from mixpanel_data.sandbox import serve

    try:
        # Flushed, because the lines to type are read while the server runs, also by a pipe.
        serve(port=port, rate_limits=rate_limits, show=partial(print, flush=True))
    except OSError as error:
        raise ConfigError(
            f"No server can listen on port {port} of 127.0.0.1: {error.strerror}. Choose another "
            "one; --port 0 takes a free one."
        ) from None
