"""The sample shop and a project without events; beside the shop the same events in DuckDB, to compute every number a second time."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest
from support.sandbox_project import TODAY, SandboxProject, running_project

from mixpanel_data.sandbox import Dataset

# Deduplication and identity in SQL, as the definitions page has them (sections 2 and 3). `who` is null where there is no user.
FACTS = """
create table parsed as
select
    json->>'event' as event,
    (json->'properties'->>'time')::bigint as time_ms,
    json->'properties' as p,
    p->>'distinct_id' as distinct_id,
    p->>'$."$distinct_id_before_identity"' as before,
    p->>'$."$insert_id"' as insert_id,
    p->>'$."$device_id"' as device,
    p->>'$."$user_id"' as user_id,
    (p->>'mp_processing_time_ms')::bigint as processed,
    row_number() over () as n
from lines;

create table kept as
select * from parsed
qualify insert_id is null or row_number() over (
    partition by event, time_ms, coalesce(before, distinct_id), insert_id order by processed desc, n desc
) = 1;

create table owners as
with pairs as (
    select '$device:' || device as id, user_id as owner, processed from kept where user_id <> ''
    union all
    select before, distinct_id, processed from kept
    where before like '$device:%' and distinct_id not like '$device:%'
)
select id, arg_min(owner, processed) as owner from pairs where id is not null group by id;

create table facts as
select
    event, p, time_ms, epoch_ms(time_ms) as moment, moment::date as day,
    coalesce(owner, nullif(distinct_id, '')) as who
from kept left join owners on id = distinct_id;
"""


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The sample shop from 2 April to 31 May 2026."""
    return Dataset.sample(today=TODAY)


@pytest.fixture(scope="module")
def sample_project(sample: Dataset) -> Iterator[SandboxProject]:
    """The sample shop on 1 June, the day after its last event. Nothing may be changed there."""
    with running_project(sample) as project:
        yield project


@pytest.fixture
def shop(sample_project: SandboxProject) -> httpx.Client:
    """A client of the sample shop."""
    return sample_project.client


@pytest.fixture
def project() -> Iterator[SandboxProject]:
    """A project without events."""
    with running_project() as project:
        yield project


@pytest.fixture(scope="session")
def sql(
    sample: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The facts of the sample shop: ``facts(event, p, time_ms, moment, day, who)``."""
    path: Path = tmp_path_factory.mktemp("facts") / "lines.ndjson"
    path.write_bytes(b"".join(event.line for event in sample.events()))
    with duckdb.connect() as connection:
        connection.execute(
            "create table lines as select json from read_ndjson_objects($path, maximum_object_size=2000000)",
            {"path": str(path)},
        )
        connection.execute(FACTS)
        yield connection
