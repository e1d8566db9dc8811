"""The sandbox's account as the client takes one. The sandbox itself knows nothing of the client."""

from dataclasses import asdict
from typing import Any

from mixpanel_data.auth import Credentials
from mixpanel_data.sandbox import Sandbox


def account_of(sandbox: Sandbox, **others: Any) -> Credentials:
    """It, with ``others`` in place of some of its values."""
    return Credentials(**{**asdict(sandbox.credentials), **others})
