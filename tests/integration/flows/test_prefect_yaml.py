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
def daily(document):
    (deployment,) = document["deployments"]
    return deployment


@pytest.fixture
def flow(daily, monkeypatch):
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    return load_flow_from_entrypoint(daily["entrypoint"])


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


def test_no_key_is_one_that_prefect_ignores(daily):
    assert unknown(daily) == set()


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
    assert "pull" not in document | document["deployments"][0]
    assert not any(word in text.lower() for word in ("secret", "password", "username"))


def test_the_deployment_has_the_flows_own_name_and_parameters(daily, flow):
    assert flow.name == "sync"
    assert flow.validate_parameters(daily["parameters"])["build"] is True


def test_it_runs_once_a_day_hours_after_the_day_ended(daily):
    (schedule,) = daily["schedules"]

    _, hour, *every_day = schedule["cron"].split()

    assert every_day == ["*", "*", "*"]
    assert int(hour) >= 2
    assert ZoneInfo(schedule["timezone"])


def test_parameters_are_dates_and_known_words(flow):
    given = flow.validate_parameters(
        {"first": "2026-01-01", "last": "2026-01-31", "only": "events"}
    )

    assert (given["first"], given["last"]) == (date(2026, 1, 1), date(2026, 1, 31))


@pytest.mark.parametrize("wrong", [{"first": "January"}, {"only": "event"}, {"build": "perhaps"}])
def test_other_parameters_are_refused(flow, wrong):
    from prefect.exceptions import ParameterTypeError

    with pytest.raises(ParameterTypeError):
        flow.validate_parameters(wrong)
