"""Ids that belong together, by rounds of SQL, compared with a union of sets in Python."""

import random
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.engine.id_clusters import join_ids

Links = list[tuple[str, str]]


def clusters_of(links: Links) -> tuple[dict[str, str], int]:
    with duckdb.connect() as db:
        db.execute("create table links (from_id varchar, to_id varchar)")
        if links:
            db.execute(
                "insert into links select unnest($1), unnest($2)",
                [[one for one, _ in links], [other for _, other in links]],
            )

        def run(sql: str) -> int | None:
            rows = db.execute(sql).fetchall()
            return int(rows[0][0]) if sql.startswith("select") else None

        rounds = join_ids(run, "links", "clusters")
        left = {name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()}
        assert left == {"links", "clusters"}
        found = db.execute("select id, cluster from clusters").fetchall()
    assert len(dict(found)) == len(found)
    return dict(found), rounds


def joined(links: Links) -> dict[str, str]:
    """The smallest id of each id's set."""
    of: dict[str, set[str]] = {}
    for one, other in links:
        both = of.get(one, {one}) | of.get(other, {other})
        of.update(dict.fromkeys(both, both))
    return {name: min(names) for name, names in of.items()}


ids = st.integers(0, 30).map(str)


@settings(max_examples=40)
@given(st.lists(st.tuples(ids, ids), max_size=40))
def test_ids_that_are_linked_have_the_smallest_of_them_as_cluster(links: Links):
    assert clusters_of(links)[0] == joined(links)


@pytest.mark.parametrize("kind", ["in order", "shuffled", "every second one smaller"])
def test_a_long_chain_takes_few_rounds(kind: str):
    names = [f"{n:05}" for n in range(20_000)]
    if kind == "shuffled":
        random.Random(1).shuffle(names)
    elif kind != "in order":
        names = [
            name for pair in zip(names[:10_000], names[:9_999:-1], strict=True) for name in pair
        ]

    found, rounds = clusters_of(list(pairwise(names)))

    assert set(found) == set(names)
    assert set(found.values()) == {"00000"}
    assert rounds <= 16
