"""No cassette holds a secret, and each is played by a test."""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from mixpanel_data._redaction import redact
from mixpanel_data.sandbox import Sandbox

from .conftest import CANARY, ROOT

CASSETTES = sorted((ROOT / "cassettes").rglob("*.yaml"))
NAMES = [str(path.relative_to(ROOT / "cassettes")) for path in CASSETTES]
FORBIDDEN_HEADERS = {"authorization", "cookie", "set-cookie", "proxy-authorization"}


def texts(value: Any) -> Iterator[str]:
    """Every text in a cassette, bodies decompressed."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (*texts(key), *texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, bytes):
        plain = gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value
        yield plain.decode()
    else:
        yield str(value)


@pytest.mark.parametrize("path", CASSETTES, ids=NAMES)
def test_promise_8_a_cassette_holds_no_secret(path: Any) -> None:
    tape = yaml.safe_load(path.read_text())

    for interaction in tape["interactions"]:
        for half in (interaction["request"], interaction["response"]):
            assert not FORBIDDEN_HEADERS & {name.lower() for name in half["headers"]}
        project = re.search(r"project_id=(\w+)", interaction["request"]["uri"])
        assert project is None or project[1] == "0"
    for text in texts(tape):
        assert redact(text) == text
        assert Sandbox().credentials.secret not in text
        assert CANARY not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_cassette_is_played_by_a_test_of_its_name(name: str) -> None:
    area, _, test = name.removesuffix(".yaml").rpartition("/")
    [module] = (ROOT / "tests").rglob(f"test_{area}.py")

    assert f"def {test}(" in module.read_text()
