"""The page that `make dbt-docs` writes."""

from pathlib import Path

import pytest
from support.browser import Visitor

from .conftest import Run

pytestmark = pytest.mark.e2e


def test_one_page_describes_tables_and_metrics_without_a_network(
    run: Run, project: Path, visitor: Visitor
) -> None:
    run("dbt", "--quiet", "docs", "generate", "--static")
    page = project / "target" / "static_index.html"
    address = f"{page.as_uri()}#!/model/model.mixpanel_data.profiles"

    with visitor.visit(address) as visit:
        visit.page.get_by_text("What profiles were, and those that were deleted").first.wait_for()
        text = visit.page.inner_text("body")

    assert {request.partition(":")[0] for request in visit.requests} <= {"file", "data"}
    for words in ("changed_keys", "Semantic Models", "Exposures", "product_analytics"):
        assert words in page.read_text(), words
    assert "Contract" in text or "CONTRACT" in text
    assert "Property `$email`" in text
