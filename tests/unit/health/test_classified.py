"""Classified properties: what the answer says, and which of them no published event has."""

from pathlib import Path

import duckdb
import pytest

from mixpanel_data._internal.health.classified import (
    describe_classified,
    read_classified,
    seen_properties,
)


def test_the_names_of_sensitive_properties_are_read():
    answer = {
        "results": [
            {"name": "plan", "sensitive": False},
            {"name": "phone", "sensitive": True},
            {"name": "email", "sensitive": True},
        ]
    }

    assert read_classified(answer) == ["email", "phone"]


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"results": {}}, {"results": ["email"]}, {"results": [{"sensitive": True}]},
     {"results": [{"name": "email"}]}, {"results": [{"name": "email", "sensitive": "yes"}]}],
)  # fmt: skip
def test_another_answer_is_no_knowledge(answer):
    with pytest.raises(ValueError, match="the answer"):
        read_classified(answer)


@pytest.mark.parametrize(
    ("names", "seen", "state", "says"),
    [
        ([], None, "ok", "none of events"),
        (["email"], None, "ok", "email. Nothing is published to compare with."),
        (["email"], frozenset({"email"}), "ok", "email. Loaded events have each of them."),
        (["email", "iban"], frozenset({"email"}), "warning", "No loaded event has iban."),
        ([f"p{n:02}" for n in range(12)], frozenset(), "warning", "p09 and 2 more."),
    ],
)
def test_the_finding_names_those_that_no_event_has(names, seen, state, says):
    found = describe_classified(names, seen)

    assert (found.state, says in found.value) == (state, True), found.value


def test_the_properties_are_those_of_the_published_catalogue(tmp_path: Path):
    file = tmp_path / "mixpanel.duckdb"
    assert seen_properties(file) is None
    with duckdb.connect(file) as db:
        db.sql("CREATE TABLE other AS SELECT 1 AS x")
    assert seen_properties(file) is None
    with duckdb.connect(file) as db:
        db.sql("CREATE TABLE property_catalog AS SELECT 'Paid' AS event, 'email' AS property")
    assert seen_properties(file) == {"email"}
