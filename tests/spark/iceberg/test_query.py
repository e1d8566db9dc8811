"""`mp query sql --on-spark` where there is nothing to ask Spark for."""

import pytest

from mixpanel_data.exceptions import MixpanelDataError, NothingPublishedError, QueryError
from mixpanel_data.sync.engine import query


def test_before_the_first_publication_there_are_no_tables(project):
    with pytest.raises(NothingPublishedError):
        query(project.settings(), "SELECT 1")


@pytest.mark.parametrize("sql", ["DROP TABLE events", "SELECT 1; SELECT 2", "SELEC 1"])
def test_only_one_query_is_run(project, sql):
    with pytest.raises(QueryError):
        query(project.settings(), sql)


def test_a_function_without_a_rule_is_named(project):
    with pytest.raises(MixpanelDataError, match="no rule translates the function hash"):
        query(project.settings(), "SELECT hash(event) FROM events")
