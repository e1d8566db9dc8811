"""A small shop, built and published once, and `dbt`, `mf` and other commands over it, as in a shell."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from support.marts import shop
from support.raw_file import RawFile

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.transform.build import build

ROOT = Path(__file__).parents[3]
Run = Callable[..., str]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder with a published file."""
    folder = DataFolder.at(tmp_path_factory.mktemp("shop")).create()
    raw = RawFile(folder.raw)
    raw.load(shop.days_of(7))
    countries = ["SE", "SE", "BR", None]
    found = zip(("ann", "bob", "cyd", "$device:d5"), countries, strict=True)
    raw.profiles({name: {"$country_code": country} for name, country in found})
    build(folder)
    publish(folder)
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dbt project in a place of its own, since `mf` wants its files beside it."""
    place = tmp_path_factory.mktemp("project") / "dbt"
    shutil.copytree(ROOT / "dbt", place, ignore=shutil.ignore_patterns("target", "logs"))
    return place


@pytest.fixture(scope="session")
def run(folder: DataFolder, project: Path) -> Run:
    """What a program of the environment prints, asked over the published file."""

    def run(program: str, *arguments: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *arguments],
            cwd=project.parent,
            env={
                **os.environ,
                "MP_DATA_DIR": str(folder.root),
                "MP_DBT_TARGET": "published",
                "DBT_PROJECT_DIR": str(project),
                "DBT_PROFILES_DIR": str(project),
                "DO_NOT_TRACK": "1",
                # `mf` asks the package index whether there is a newer one, and keeps the answer in a temporary file
                "HTTPS_PROXY": "http://127.0.0.1:9",
                "TMPDIR": str(project.parent),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def db(folder: DataFolder) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(folder.published, read_only=True) as connection:
        yield connection
