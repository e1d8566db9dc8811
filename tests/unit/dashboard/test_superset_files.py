"""The zip for Superset: what its files name is there, and names are values."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.made_file import ODD_NAMES, MadeFile, contracts

from mixpanel_data._internal.dashboard.superset.write import write_superset_dashboard
from mixpanel_data.settings import load_settings

Files = dict[str, Any]


def written(made: MadeFile, target: Path, **events: str) -> Files:
    done = write_superset_dashboard(load_settings(data_dir=made.folder), target, **events)
    with zipfile.ZipFile(done.path) as archive:
        return {
            name.partition("/")[2]: yaml.safe_load(archive.read(name))
            for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def files(odd: MadeFile, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("superset")
    return written(odd, folder, sign_up=ODD_NAMES[3], value_moment=ODD_NAMES[0])


def of(files: Files, folder: str) -> list[Any]:
    return [content for name, content in files.items() if name.startswith(folder)]


def test_every_id_that_is_named_is_there(files: Files) -> None:
    [database], datasets = of(files, "databases/"), of(files, "datasets/")
    charts, [dashboard] = of(files, "charts/"), of(files, "dashboards/")
    placed = [each for each in dashboard["position"].values() if isinstance(each, dict)]

    assert {each["database_uuid"] for each in datasets} == {database["uuid"]}
    assert {each["dataset_uuid"] for each in charts} == {each["uuid"] for each in datasets}
    assert sorted(e["meta"]["uuid"] for e in placed if e["type"] == "CHART") == sorted(
        each["uuid"] for each in charts
    )
    assert {child for each in placed for child in each.get("children", [])} | {
        "ROOT_ID",
        "GRID_ID",
        "HEADER_ID",
    } == {each["id"] for each in placed}


def test_charts_ask_for_columns_and_metrics_of_their_dataset(files: Files) -> None:
    tables = contracts()
    datasets = {each["uuid"]: each for each in of(files, "datasets/")}
    for chart in of(files, "charts/"):
        dataset = datasets[chart["dataset_uuid"]]
        [query] = json.loads(chart["query_context"])["queries"]
        columns = [
            each["sqlExpression"] if isinstance(each, dict) else each for each in query["columns"]
        ]
        assert set(columns) <= set(tables[dataset["sql"].split('"')[3]]), chart["slice_name"]
        assert set(query.get("metrics", [])) <= {m["metric_name"] for m in dataset["metrics"]}
    for dataset in datasets.values():
        known = set(tables[dataset["sql"].split('"')[3]])
        sql = " ".join(metric["expression"] for metric in dataset["metrics"])
        words = set(re.findall(r"[a-z_0-9]*_[a-z_0-9]+|\b(?:dau|wau|mau|amount|lift)\b", sql))
        assert words - {"arg_max"} <= known, dataset["table_name"]


def test_names_of_events_are_values_not_sql(files: Files) -> None:
    filters = [
        each["val"]
        for chart in of(files, "charts/")
        for each in json.loads(chart["query_context"])["queries"][0]["filters"]
    ]

    assert set(filters) == {ODD_NAMES[0], ODD_NAMES[3]}
    extras = [
        json.loads(chart["query_context"])["queries"][0]["extras"].get("where", "")
        for chart in of(files, "charts/")
    ]
    assert not any(name in where for where in extras for name in ODD_NAMES if name)


def test_another_dashboard_has_other_charts_and_the_same_dashboard(
    odd: MadeFile, files: Files, tmp_path: Path
) -> None:
    """Superset keeps a chart that it has, and replaces the dashboard."""
    other = written(odd, tmp_path / "a.zip", sign_up=ODD_NAMES[4], value_moment=ODD_NAMES[0])
    same = written(odd, tmp_path / "b.zip", sign_up=ODD_NAMES[3], value_moment=ODD_NAMES[0])

    def ids(found: Files, folder: str) -> set[str]:
        return {each["uuid"] for each in of(found, folder)}

    for folder in ("dashboards/", "datasets/", "databases/"):
        assert ids(other, folder) == ids(files, folder)
    assert ids(same, "charts/") == ids(files, "charts/")
    assert len(ids(other, "charts/") - ids(files, "charts/")) == 2


def test_charts_of_empty_tables_are_left_out_and_named(empty: MadeFile, tmp_path: Path) -> None:
    found = written(empty, tmp_path)
    [dashboard] = of(found, "dashboards/")
    texts = " ".join(
        each["meta"]["code"]
        for each in dashboard["position"].values()
        if isinstance(each, dict) and each["type"] == "MARKDOWN"
    )

    assert of(found, "charts/") == []
    for words in ("--sign-up EVENT", "`experiment_metrics`", "`impacts`", "`revenue`"):
        assert words in texts
