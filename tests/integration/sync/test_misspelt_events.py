"""Events that a definition names and nobody has seen are named before the fetch."""

import warnings
from datetime import UTC, datetime, timedelta

import pytest

from mixpanel_data.exceptions import ConfigWarning
from mixpanel_data.sandbox.faults import Fault, FaultKind

from .conftest import LAST

PROJECT = """\
name: own
profile: mixpanel_data
vars:
  mixpanel_data:
    funnels:
      - {{name: f, steps: [event 0, {step}]}}
"""


@pytest.fixture
def warned(project, tmp_path, monkeypatch):
    """The warnings of a run whose funnel has this second step, and the requests for names."""

    def run(step):
        (tmp_path / "dbt_project.yml").write_text(PROJECT.format(step=step))
        project.sandbox.requests.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConfigWarning)
            project.job(dbt_project_dir=tmp_path).warn_of_unknown_events()
        asked = [call for call in project.sandbox.requests if call.path.endswith("/events/names")]
        return [str(each.message) for each in caught], len(asked)

    return run


def test_a_name_that_was_loaded_needs_no_request(project, fill, warned):
    fill(1)
    project.sync(LAST, LAST)

    assert warned("event 1") == ([], 0)


def test_another_one_is_named_with_the_nearest(project, fill, warned):
    fill(1)
    project.sync(LAST, LAST)

    [text], asked = warned("evnt 1")

    assert "entry 1 (f): no event evnt 1 was ever seen. Did you mean event 1?" in text
    assert asked == 1


def test_an_event_that_mixpanel_lists_may_arrive_with_the_fetch(project, fill, warned):
    fill(1)
    project.sync(LAST, LAST)
    noon = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC) - timedelta(days=1)
    project.sandbox.dataset.add_event("new", noon, distinct_id="u", insert_id="n")

    assert warned("new") == ([], 1)


def test_before_the_first_load_mixpanels_list_counts(fill, warned):
    fill(3)

    assert warned("event 2") == ([], 1)
    assert "Did you mean event 2?" in warned("event2")[0][0]


def test_without_any_list_there_is_no_warning(project, warned):
    project.sandbox.faults.add(Fault(FaultKind.STATUS_402, times=None))

    assert warned("anything") == ([], 1)
