"""Mixpanel's own OpenAPI files, in tests/sandbox/openapi."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "sandbox" / "openapi"


@cache
def specification(name: str) -> dict[str, Any]:
    """The file ``<name>.openapi.yaml``. Callers share it: copy what is to be changed."""
    loader = getattr(
        yaml, "CSafeLoader", yaml.SafeLoader
    )  # ten times as fast where libyaml is there
    text = (FOLDER / f"{name}.openapi.yaml").read_text(encoding="utf-8")
    parsed: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506  (both loaders are safe)
    return parsed
