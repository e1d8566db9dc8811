"""Answers of the query API that are kept on disk for a while."""

import stat
from datetime import date

import pytest
from support.account import account_of

from mixpanel_data._internal.api.answer_cache import KEPT_BYTES, ResponseCache
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.query_api.client import QueryAPI
from mixpanel_data.exceptions import QueryError, ServerError
from mixpanel_data.sandbox import Fault, FaultKind, Sandbox


@pytest.fixture
def path(tmp_path):
    """Where the answers lie."""
    return tmp_path / "answers" / "answers.sqlite"


@pytest.fixture
def sandbox():
    with Sandbox(today=date(2026, 3, 10)) as server:
        server.dataset.add_event("Sign up", 1_772_582_400_000, distinct_id="u")
        yield server


def names(sandbox, answers, **view):
    with (
        MixpanelAPIClient(
            account_of(sandbox), base_url=sandbox.base_url, answers=answers, max_attempts=1
        ) as client,
        QueryAPI(client, **view).get("events/names", type="general") as answer,
    ):
        return answer


def test_an_answer_is_reused_until_it_is_too_old(sandbox, path):
    now, ages = [1000.0], []
    answers = ResponseCache(path, max_age=600, on_use=ages.append, clock=lambda: now[0])

    first = names(sandbox, answers)
    now[0] += 599
    assert names(sandbox, answers) == first
    assert (len(sandbox.requests), ages) == (1, [599.0])

    now[0] += 2
    names(sandbox, answers)
    assert len(sandbox.requests) == 2


def test_another_question_is_asked(sandbox, path):
    answers = ResponseCache(path, max_age=600)
    names(sandbox, answers)
    names(sandbox, answers, workspace_id=7)

    assert len(sandbox.requests) == 2


def test_fresh_asks_once_more_and_keeps_what_it_gets(sandbox, path):
    names(sandbox, ResponseCache(path, max_age=600))
    sandbox.dataset.add_event("Log in", 1_772_582_400_000, distinct_id="u")

    assert len(names(sandbox, ResponseCache(path, max_age=600, fresh=True))) == 2
    assert len(names(sandbox, ResponseCache(path, max_age=600))) == 2
    assert len(sandbox.requests) == 2


def test_errors_are_not_kept(sandbox, path):
    answers = ResponseCache(path, max_age=600)
    sandbox.faults.add(Fault(FaultKind.STATUS_500, path="/api/query/events/names"))
    with pytest.raises(ServerError):
        names(sandbox, answers)
    with (
        pytest.raises(QueryError),
        MixpanelAPIClient(
            account_of(sandbox), base_url=sandbox.base_url, answers=answers
        ) as client,
        QueryAPI(client).get("funnels", funnel_id=1),
    ):
        pass

    assert len(names(sandbox, answers)) == 1


@pytest.mark.parametrize(
    "damage", [b"", b"no database at all, but text", b"SQLite format 3\0" * 90]
)
def test_a_damaged_file_costs_its_answers_only(sandbox, path, damage):
    answers = ResponseCache(path, max_age=600)
    names(sandbox, answers)
    path.write_bytes(damage)

    assert len(names(sandbox, answers)) == 1


def test_the_file_is_private_and_bounded(path):
    answers = ResponseCache(path, max_age=600, clock=iter(range(1000)).__next__)
    size = KEPT_BYTES // 5
    for number in range(8):
        answers.put(f"question {number}", bytes(size))

    kept = [number for number in range(8) if answers.get(f"question {number}")]
    assert kept == [3, 4, 5, 6, 7]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_in_its_place_is_not_followed(sandbox, path, tmp_path):
    target = tmp_path / "target"
    path.parent.mkdir()
    path.symlink_to(target)
    answers = ResponseCache(path, max_age=600)

    names(sandbox, answers)

    assert not target.exists()
