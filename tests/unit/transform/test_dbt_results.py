"""What the lines that dbt prints report."""

import json

import pytest

from mixpanel_data._internal.transform.dbt_results import (
    LineKind,
    NodeResult,
    failure_lines,
    parse_log_line,
    reason_lines,
)


def line(level: str = "info", name: str = "", msg: str = "", **node: str) -> str:
    return json.dumps(
        {"info": {"level": level, "name": name, "msg": msg}, "data": {"node_info": node}}
    )


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (
            line(node_status="started", resource_type="model", node_name="events"),
            (LineKind.STARTED, "model events"),
        ),
        (line(node_status="started", resource_type="operation", node_name="hook"), None),
        (line(node_status="success", resource_type="model", node_name="events"), None),
        (
            line(name="NodeFinished", node_status="pass", resource_type="test", node_name="t"),
            (LineKind.SUCCEEDED, "test t"),
        ),
        (
            line(
                name="NodeFinished", node_status="error", resource_type="model", node_name="events"
            ),
            (LineKind.FAILED, "model events"),
        ),
        (
            line(msg="Everything is built from scratch: the models changed."),
            (LineKind.REBUILD, "the models changed"),
        ),
        (
            line("warn", "JinjaLogWarning", "[WARNING]: two\n lines"),
            (LineKind.WARNING, "two lines"),
        ),
        (line("warn", "UnusedResourceConfigPath", "unused"), None),
        (line("error", msg="no such table"), (LineKind.ERROR, "no such table")),
        (
            "Traceback (most recent call last):\n",
            (LineKind.UNSTRUCTURED, "Traceback (most recent call last):"),
        ),
        ("17\n", (LineKind.UNSTRUCTURED, "17")),
        ("\n", None),
    ],
)
def test_each_line_has_one_kind(printed, expected):
    assert parse_log_line(printed) == expected


def test_a_failure_is_its_model_and_file_and_the_reason_on_lines_of_their_own():
    message = (
        "Runtime Error in model faulty (models/faulty.sql)\n"
        '  Binder Error: Referenced column "nonsense" not found in FROM clause!\n'
        "  Candidate bindings: " + ", ".join(f'"column_{n}"' for n in range(12)) + "\n\n"
        "  LINE 10: select nonsense from events\n"
        "                  ^"
    )
    lines = failure_lines(NodeResult("faulty", "model", "error", 0.1, message, "models/faulty.sql"))

    assert lines[:2] == [
        "model faulty (models/faulty.sql)",
        '      Binder Error: Referenced column "nonsense" not found in FROM clause!',
    ]
    assert lines[-2:] == [
        "      LINE 10: select nonsense from events",
        "                      ^",
    ]
    assert max(map(len, lines)) <= 98
    assert len(lines) == 6


def test_a_long_reason_is_cut_and_a_missing_one_is_named():
    lines = reason_lines("\n".join(f"line {n}" for n in range(40)))

    assert lines[0] == "    line 0"
    assert lines[-1] == "    … and 28 more lines"
    assert failure_lines(NodeResult("t", "test", "fail", 0.1)) == [
        "test t",
        "    no reason was given",
    ]
