"""The result of one check."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """What was checked, what was found, and where it comes from.

    ``warning`` is what a person should look at; ``error`` is what makes the next run fail, or its
    data wrong.
    """

    what: str
    value: str
    state: State = "ok"
    source: str = ""
