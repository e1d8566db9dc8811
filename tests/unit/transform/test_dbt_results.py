"""What the lines that dbt prints report."""

import json

import pytest

from mixpanel_data._internal.transform.dbt_results import LineKind, parse_log_line


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
