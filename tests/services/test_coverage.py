"""Every operation of Mixpanel's query API has its place, and every parameter is offered or left out for a reason."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mixpanel_data._internal import services
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.live_query import LiveQueryService

OPENAPI = Path(__file__).parents[1] / "sandbox" / "openapi"
SPEC = yaml.safe_load((OPENAPI / "query.openapi.yaml").read_text())
LEXICON = yaml.safe_load((OPENAPI / "lexicon-schemas.openapi.yaml").read_text())
OWNERS = {kind.__name__: kind for kind in (DiscoveryService, LiveQueryService, MixpanelAPIClient)}
TABLE: dict[str, Any] = {
    f"{method} {path}": (OWNERS[owner], name)
    for method, path, owner, name in re.findall(
        r"^\| (GET|POST) (\S+) \| (\w+)\.(\w+)", services.__doc__ or "", re.MULTILINE
    )
}
NOT_HERE = {
    f"{method} {path}"
    for method, path in re.findall(
        r"^\| (GET|POST) (\S+) \| left out: \S", services.__doc__ or "", re.MULTILINE
    )
}
LEFT_OUT = re.findall(r"^\| (\w+)(?: of (.+?))? \| \S", services.__doc__ or "", re.MULTILINE)
RENAMED = {
    "name": "property_name",
    "event": "events",
    "unbounded_retention": "unbounded",
    "workspace_id": "workspace_id of the service",
}


def operations() -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in SPEC["paths"].items()
        for method, operation in methods.items()
    }


def parameters(operation: Any) -> set[str]:
    """What a caller may say, the project aside, which the client knows."""
    found = set()
    for parameter in operation["parameters"]:
        if "$ref" in parameter:
            parameter = SPEC["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        found.add(parameter["name"])
    return found - {"project_id", "workspace_id"}


def is_left_out(parameter: str, path: str) -> bool:
    return any(
        parameter == name and (not where or path in re.findall(r"/[\w/]+", where))
        for name, where in LEFT_OUT
    )


def test_the_table_names_the_operations_of_the_specifications():
    reads = {f"GET {path}" for path, methods in LEXICON["paths"].items() if "get" in methods}

    assert set(TABLE) | NOT_HERE == set(operations()) | reads
    assert not set(TABLE) & NOT_HERE


@pytest.mark.parametrize("operation", TABLE)
def test_what_the_table_names_exists_and_is_documented(operation):
    owner, name = TABLE[operation]

    assert inspect.getdoc(getattr(owner, name))


@pytest.mark.parametrize("operation", sorted(set(TABLE) & set(operations()) - {"POST /engage"}))
def test_every_parameter_is_offered_or_left_out_for_a_reason(operation):
    owner, name = TABLE[operation]
    offered = set(inspect.signature(getattr(owner, name)).parameters)
    path = operation.split()[1]

    missing = {
        parameter
        for parameter in parameters(operations()[operation])
        if not is_left_out(parameter, path)
        and not offered & {parameter, RENAMED.get(parameter, parameter)}
    }

    # discovery counts events, whatever the type; retention's event is the return; values have one property
    known = {
        "GET /events/names": {"type", "limit"},
        "GET /retention": {"event"},
        "GET /events/properties/values": {"name"},
    }
    assert missing == known.get(operation, set())
