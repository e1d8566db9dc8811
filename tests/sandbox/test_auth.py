"""Who may read: section 2 and the table of section 4 in docs/mixpanel-facts.md."""

import httpx
import pytest

from mixpanel_data.sandbox import Sandbox

EXPORT = "/api/2.0/export?from_date=2026-03-04&to_date=2026-03-04"


def _get(sandbox: Sandbox, path: str, auth: tuple[str, str] | None, **headers: str):
    return httpx.get(sandbox.base_url + path, auth=auth, headers=headers)


@pytest.fixture
def account(mixpanel_sandbox: Sandbox) -> tuple[str, str]:
    """The user name and secret the sandbox knows."""
    return mixpanel_sandbox.credentials.username, mixpanel_sandbox.credentials.secret


@pytest.mark.parametrize("project", ["&project_id=1234567", ""])
@pytest.mark.parametrize(
    "auth", [None, ("sandbox.mp-service-account", "wrong"), ("sandbox-secret", "")]
)
def test_other_credentials_are_401(mixpanel_sandbox, auth, project):
    answer = _get(mixpanel_sandbox, EXPORT + project, auth)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Bearer token", "Basic Zm9v"])
def test_malformed_credentials_are_401(mixpanel_sandbox, header):
    answer = _get(mixpanel_sandbox, EXPORT, None, Authorization=header)

    assert answer.status_code == 401


def test_a_service_account_must_name_its_project(mixpanel_sandbox, account):
    answer = _get(mixpanel_sandbox, EXPORT, account)

    assert answer.status_code == 401
    assert "project_id" in answer.text


def test_the_project_belongs_in_the_url_not_in_the_form(mixpanel_sandbox, account):
    url = mixpanel_sandbox.base_url + "/api/query/engage"

    assert httpx.post(url, auth=account, data={"project_id": "1234567"}).status_code == 401


def test_another_project_is_403(mixpanel_sandbox, account):
    assert _get(mixpanel_sandbox, EXPORT + "&project_id=7", account).status_code == 403


def test_a_project_that_is_no_number_is_400(mixpanel_sandbox, account):
    assert _get(mixpanel_sandbox, EXPORT + "&project_id=x", account).status_code == 400


@pytest.mark.parametrize(
    ("path", "shape"),
    [("/api/query/engage", {"error", "request"}), ("/api/app/me", {"status", "error"})],
)
def test_each_family_has_its_own_error_shape(mixpanel_sandbox, path, shape):
    answer = _get(mixpanel_sandbox, path, None)

    assert answer.status_code == 401
    assert set(answer.json()) == shape


def test_me_needs_no_project_and_has_the_time_zone(account):
    with Sandbox(timezone="Asia/Tokyo") as sandbox:
        answer = _get(sandbox, "/api/app/me", account)

    assert answer.json()["status"] == "ok"
    assert answer.json()["results"]["projects"]["1234567"]["timezone"] == "Asia/Tokyo"


def test_credentials_and_environment_can_be_chosen():
    with Sandbox(username="u", secret="s", project_id="99", region="eu") as sandbox:
        assert _get(sandbox, EXPORT + "&project_id=99", ("u", "s")).status_code == 200
        assert sandbox.env() == {
            "MP_USERNAME": "u",
            "MP_SECRET": "s",
            "MP_PROJECT_ID": "99",
            "MP_REGION": "eu",
            "MP_API_BASE_URL": sandbox.base_url,
        }
    assert "'s'" not in repr(sandbox.credentials)


def test_unknown_paths_are_404(mixpanel_sandbox, account):
    query = _get(mixpanel_sandbox, "/api/query/nothing?project_id=1234567", account)

    assert (query.status_code, set(query.json())) == (404, {"error", "request"})
    assert _get(mixpanel_sandbox, "/api/2.0/nothing?project_id=1234567", account).status_code == 404
