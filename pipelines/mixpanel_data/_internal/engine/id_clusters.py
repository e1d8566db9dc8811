"""Which ids belong together, in rounds of plain SQL, for an engine without recursion."""

from collections.abc import Callable

Run = Callable[[str], int | None]
"""Runs a statement; of a query it returns the first column of its only row."""


def join_ids(run: Run, links: str, clusters: str, *, using: str = "") -> int:
    """Write the table ``clusters`` (id, cluster) from the table ``links`` (from_id, to_id), and return the number of rounds.

    Ids that are linked, over any number of links, have the same cluster: the smallest id among them. In a round each
    cluster joins the smallest one that it touches; clusters that those have joined themselves are followed, twice as
    far in each step. A chain of 20,000 ids in any order takes about 10 rounds. ``using`` is what follows the name of
    a table that is created. Other tables, named after ``clusters``, are dropped at the end.
    """
    pairs, hooks, followed = (f"{clusters}_{name}" for name in ("pairs", "hooks", "followed"))

    def create(table: str, query: str) -> None:
        run(f"create or replace table {table} {using} as {query}")

    create(
        pairs,
        f"select from_id as one_id, to_id as other_id from {links} union select to_id, from_id from {links}",
    )
    create(clusters, f"select distinct one_id as id, one_id as cluster from {pairs}")
    rounds = 0
    while True:
        create(
            hooks,
            f"select mine.cluster as former, min(theirs.cluster) as joined from {pairs} as pairs "
            f"inner join {clusters} as mine on pairs.one_id = mine.id "
            f"inner join {clusters} as theirs on pairs.other_id = theirs.id "
            "where mine.cluster > theirs.cluster group by mine.cluster",
        )
        if not run(f"select count(*) from {hooks}"):
            break
        rounds += 1
        # a hook leads to a smaller cluster each time, so this ends
        while run(
            f"select count(*) from {hooks} as hooks inner join {hooks} as onward on hooks.joined = onward.former"
        ):
            create(
                followed,
                "select hooks.former, coalesce(onward.joined, hooks.joined) as joined "
                f"from {hooks} as hooks left join {hooks} as onward on hooks.joined = onward.former",
            )
            create(hooks, f"select former, joined from {followed}")
        create(
            followed,
            "select clusters.id, coalesce(hooks.joined, clusters.cluster) as cluster "
            f"from {clusters} as clusters left join {hooks} as hooks on clusters.cluster = hooks.former",
        )
        create(clusters, f"select id, cluster from {followed}")
    for table in (pairs, hooks, followed):
        run(f"drop table if exists {table}")
    return rounds
