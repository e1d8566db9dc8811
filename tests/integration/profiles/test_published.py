"""What readers of the published file find of profiles."""

import json

import duckdb
from support.project import seen_now

GROUPS = {"companies": "1001"}


def test_promise_9_readers_find_current_profiles_of_users_and_groups(project, crowd, only_core):
    crowd(3)
    project.set_profile("c0", group="1001", n=0)
    project.job(groups=GROUPS).run(only="profiles")
    project.set_profile("u1", n="new", **{"$last_seen": seen_now()})
    project.remove_profile("c0", group="1001")
    project.set_profile("c1", group="1001", n=1)

    report = project.job(groups=GROUPS).run(only="profiles")

    assert report.published
    with duckdb.connect(str(report.published.path), read_only=True) as published:
        users = published.execute("SELECT distinct_id, properties FROM profiles").fetchall()
        groups = published.execute(
            "SELECT group_key, distinct_id, properties FROM group_profiles"
        ).fetchall()
        fetches = published.execute(
            "SELECT fetch_type, snapshot_complete FROM _metadata ORDER BY fetched_at"
        ).fetchall()
    assert {name: json.loads(text) for name, text in users} == project.served_profiles()
    assert groups == [("companies", "c1", '{"n":1}')]
    assert fetches == [
        ("profiles", True),
        ("group_profiles", True),
        ("profiles", False),
        ("group_profiles", True),
    ]
