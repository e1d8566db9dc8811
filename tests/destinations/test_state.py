"""The state is in the destination: what is missing there is fetched, look-back days are replaced."""

import json
import shutil
from pathlib import Path

import pytest
from dlt.pipeline.helpers import pipeline_drop
from support.crash.project import ChangingProject, back
from support.places import NAMES, Place

from mixpanel_data.exceptions import ConfigError


@pytest.fixture(params=NAMES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    return Place(request.param, tmp_path, dataset=f"d{abs(hash(str(tmp_path)))}")


@pytest.fixture(params=("parquet", "delta", "iceberg"))
def bucket(request: pytest.FixtureRequest, tmp_path: Path, s3: str) -> Place:
    return Place(request.param, tmp_path, bucket=f"s3://lake/{tmp_path.name}", endpoint=s3)


def test_a_second_run_fetches_what_the_destination_lacks_and_replaces_the_look_back(project, place):
    place.run()
    assert place.events() == project.events(old=True)
    assert place.profiles() == project.profiles()
    project.asked()

    project.change()
    emptied = back(4)
    gone = project.sandbox.dataset.events_on(emptied)
    project.sandbox.dataset.remove_events(lambda event: event in gone)
    # Neither the working folder nor the data folder has any state.
    shutil.rmtree(place.working_folder)
    shutil.rmtree(place.root / "data")
    place.run()

    assert place.events() == project.events()
    assert place.profiles() == project.profiles()
    assert place.days()[emptied] == 0
    assert min(first for first, _ in project.asked()) == str(back(4))


def test_group_profiles_arrive_and_one_that_is_gone_goes(project, place):
    data = project.sandbox.dataset
    for name in ("acme", "bolt"):
        data.set_profile(name, {"n": name}, data_group_id="77")
    data.set_profile("acme", {"n": "of another key"}, data_group_id="78")
    groups = {"company": "77", "team": "78"}
    found = "SELECT group_key, distinct_id, properties FROM group_profiles ORDER BY ALL"
    if place.kind == "postgres":
        found = found.replace("ALL", "1, 2")

    place.run("group_profiles", groups=groups)
    first = [(key, name, json.loads(text)["n"]) for key, name, text in place.query(found)]
    data.remove_profile("acme", data_group_id="77")
    data.set_profile("bolt", {"n": "changed"}, data_group_id="77")
    place.run("group_profiles", groups=groups)

    assert first == [
        ("company", "acme", "acme"),
        ("company", "bolt", "bolt"),
        ("team", "acme", "of another key"),
    ]
    assert [(key, name, json.loads(text)["n"]) for key, name, text in place.query(found)] == [
        ("company", "bolt", "changed"),
        ("team", "acme", "of another key"),
    ]


def test_the_same_in_a_bucket(project, bucket):
    bucket.run()
    project.change()
    shutil.rmtree(bucket.working_folder)
    bucket.run()

    assert bucket.events() == project.events()
    assert bucket.profiles() == project.profiles()


def test_another_destination_gets_everything(project, tmp_path):
    """Not what another one lacks, as long as both are beside one data folder."""
    first, second = (Place("duckdb", tmp_path / name) for name in ("one", "two"))
    for place in (first, second):
        place.root.mkdir()
        place.run()

    assert second.events() == first.events() == project.events(old=True)


def test_only_selected_resources_send_requests(project, tmp_path):
    Place("duckdb", tmp_path).run("profiles")

    assert {call.path.rsplit("/", 1)[-1] for call in project.sandbox.requests} == {"engage"}


def test_a_limit_counts_requests_and_leaves_whole_days(project, tmp_path):
    from mixpanel_data.sources import mixpanel_source

    place = Place("duckdb", tmp_path)
    source = mixpanel_source(start_date=str(back(11)), lookback_days=0)
    source = source.with_resources("events").add_limit(1)
    place.pipeline().run(source)

    assert len(project.asked()) == 1
    loaded = place.events()
    days = {day for day, *_ in loaded}
    assert loaded == {key: n for key, n in project.events(old=True).items() if key[0] in days}
    assert set(place.days()) >= days

    for _ in range(2):  # the rest, in batches
        place.pipeline().run(source)
    assert place.events() == project.events(old=True)


def test_a_source_without_a_pipeline_is_a_list_of_arrow_tables(project):
    from mixpanel_data.sources import mixpanel_source

    items = list(mixpanel_source(start_date=str(back(11))).with_resources("events"))

    assert sum(table.num_rows for table in items if "event" in table.schema.names) == sum(
        project.events(old=True).values()
    )


def test_a_dropped_resource_is_fetched_once_more(project, tmp_path):
    place = Place("duckdb", tmp_path)
    pipeline_drop(place.run(), resources=["events"])()

    place.run()

    assert place.events() == project.events(old=True)


def test_days_with_other_rows_than_in_the_ledger_are_fetched_once_more(project, tmp_path):
    place = Place("duckdb", tmp_path)
    with place.run().sql_client() as client:
        client.execute_sql(f"DELETE FROM events WHERE day = DATE '{back(9)}'")

    place.run()

    assert place.events() == project.events(old=True)


def test_the_dataset_of_another_project_is_refused(project, tmp_path):
    place = Place("duckdb", tmp_path)
    place.run("events")

    with pytest.raises(Exception, match="has project 1234567") as caught:
        place.run("events", project_id="99", refetch=True)

    causes = [caught.value]
    while causes[-1].__cause__:
        causes.append(causes[-1].__cause__)
    assert any(isinstance(cause, ConfigError) for cause in causes)


def test_our_destination_has_its_state_too(project: ChangingProject, tmp_path: Path):
    """Beside a data folder that has other days."""
    import dlt

    from mixpanel_data.destinations.mixpanel_duckdb import mixpanel_duckdb
    from mixpanel_data.sources import mixpanel_source

    own = dlt.pipeline(
        "own",
        destination=mixpanel_duckdb(str(tmp_path / "own.duckdb")),
        dataset_name="mixpanel",
        pipelines_dir=str(tmp_path / "dlt"),
    )
    for _ in range(2):
        own.run(mixpanel_source(start_date=str(back(11))))
        with own.sql_client() as client:
            found = client.execute_sql("SELECT count(*) FROM events")
        assert found == [(sum(project.events(old=True).values()),)]
    assert min(first for first, _ in project.asked()) == str(back(11))
