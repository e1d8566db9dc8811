"""flows/prefect.yaml, checked without a server. Prefect ignores what it does not know in a deployment; we do not."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
import yaml

from .conftest import ROOT

FILE = ROOT / "flows" / "prefect.yaml"

# Prefect keeps it private; where it moved to, the end-to-end test still deploys the file.
models = pytest.importorskip("prefect.cli.deploy._models")


@pytest.fixture
def document():
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def deployments(document):
    return {each["name"]: each for each in document["deployments"]}


@pytest.fixture
def daily(deployments):
    return deployments["daily"]


@pytest.fixture
def flow_of(monkeypatch):
    """Loads the flow of a deployment."""
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    return lambda deployment: load_flow_from_entrypoint(deployment["entrypoint"])


@pytest.fixture
def flow(daily, flow_of):
    return flow_of(daily)


def unknown(deployment):
    """Keys that Prefect would silently drop."""
    known = {
        "": models.DeploymentConfig,
        "work_pool": models.WorkPoolConfig,
        "concurrency_limit": models.ConcurrencyLimitSpec,
    }
    return {
        f"{part}.{key}".lstrip(".")
        for part, model in known.items()
        for key in (deployment.get(part, {}) if part else deployment)
        if key not in model.model_fields
    }


def test_prefect_accepts_the_file(document):
    models.PrefectYamlModel.model_validate(document)


def test_the_deployments_are_those_of_the_documentation(deployments):
    documented = (ROOT / "docs" / "schedulers" / "prefect.md").read_text(encoding="utf-8")

    assert {f"| `{name}` |" in documented for name in deployments} == {True}
    assert set(deployments) == {
        *("daily", "intraday", "profiles-snapshot", "reload-trailing"),
        *("backfill", "build-only", "reconcile"),
    }


def test_no_key_is_one_that_prefect_ignores(deployments):
    assert {name: unknown(each) for name, each in deployments.items()} == {
        name: set() for name in deployments
    }


@pytest.mark.parametrize(
    ("typo", "found"),
    [
        ({"concurency_limit": 1}, {"concurency_limit"}),
        ({"work_pool": {"nam": "mixpanel"}}, {"work_pool.nam"}),
    ],
)
def test_a_key_that_prefect_ignores_is_found(daily, typo, found):
    assert unknown(daily | typo) == found


def test_the_file_names_no_folder_of_a_machine_and_no_secret(document):
    text = str(document)

    assert str(ROOT) not in text
    assert not any("pull" in part for part in (document, *document["deployments"]))
    assert not any(word in text.lower() for word in ("secret", "password", "username"))


def test_each_deployment_has_parameters_that_its_flow_accepts(deployments, flow_of):
    from prefect.exceptions import ParameterTypeError, SignatureMismatchError

    for deployment in deployments.values():
        flow = flow_of(deployment)
        assert flow.validate_parameters(deployment["parameters"]) is not None
        with pytest.raises((ParameterTypeError, SignatureMismatchError, TypeError)):
            flow.validate_parameters(deployment["parameters"] | {"no_such_parameter": 1})


def test_each_parameter_has_a_description_and_choices_are_listed(deployments, flow_of):
    from prefect.utilities.callables import parameter_schema

    for deployment in deployments.values():
        schema = parameter_schema(flow_of(deployment).fn)
        undescribed = [n for n, p in schema.properties.items() if not p.get("description")]
        assert undescribed == [], deployment["name"]
    only = parameter_schema(flow_of(deployments["daily"]).fn).properties["only"]
    assert {"enum": ["events", "profiles"], "type": "string"} in only["anyOf"]


def test_what_costs_requests_of_a_day_is_paused_unless_it_is_the_daily_run(deployments):
    paused = {
        name
        for name, each in deployments.items()
        if any(not schedule.get("active", True) for schedule in each.get("schedules", []))
    }

    assert paused == {"intraday", "backfill"}
    assert "schedules" not in deployments["build-only"]


def test_it_runs_once_a_day_hours_after_the_day_ended(daily):
    (schedule,) = daily["schedules"]

    _, hour, *every_day = schedule["cron"].split()

    assert every_day == ["*", "*", "*"]
    assert int(hour) >= 2
    assert ZoneInfo(schedule["timezone"])


def test_no_two_schedules_start_in_the_same_minute(deployments):
    minutes = [
        schedule["cron"].split()[0]
        for each in deployments.values()
        for schedule in each.get("schedules", [])
    ]

    assert len(set(minutes)) == len(minutes)


def test_parameters_are_dates_and_known_words(flow):
    given = flow.validate_parameters(
        {"first": "2026-01-01", "last": "2026-01-31", "only": "events"}
    )

    assert (given["first"], given["last"]) == (date(2026, 1, 1), date(2026, 1, 31))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("daily", {"first": "January"}),
        ("daily", {"only": "event"}),
        ("daily", {"build": "perhaps"}),
        ("daily", {"reload_days": -1}),
        ("backfill", {"start": "2026-02-30"}),
        ("backfill", {"max_requests_per_run": 0}),
        ("backfill", {"max_requests_per_run": 61}),
    ],
)
def test_other_parameters_are_refused(deployments, flow_of, name, wrong):
    from prefect.exceptions import ParameterTypeError

    with pytest.raises(ParameterTypeError):
        flow_of(deployments[name]).validate_parameters(deployments[name]["parameters"] | wrong)
