"""A marimo notebook on a sample project: `marimo edit shop_notebook.py`, or `python shop_notebook.py`.

It needs `pip install 'mixpanel-data[pandas,arrow,polars]' marimo`, and no account: the sandbox in the
package stands for Mixpanel.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")


@app.cell
def _():
    import os
    import tempfile
    from pathlib import Path

    import marimo as mo
    import polars as pl
    import pyarrow.parquet as pq

    from mixpanel_data import Workspace
    from mixpanel_data.sandbox import Dataset, Sandbox

    return Dataset, Path, Sandbox, Workspace, mo, os, pl, pq, tempfile


@app.cell
def _(mo):
    mo.md("""
    # A shop's events

    The next cell starts a server that speaks Mixpanel's API and has three weeks of sample events. For a
    project of your own, leave it out, add the account with `mp auth add`, and open `Workspace()`.
    """)


@app.cell
def _(Dataset, Path, Sandbox, os, tempfile):
    sandbox = Sandbox(Dataset.sample(days=21, users=80))
    sandbox.start()
    os.environ.update(sandbox.env())
    folder = Path(tempfile.mkdtemp(prefix="mixpanel-data-notebook-"))
    return folder, sandbox


@app.cell
def _(Workspace, folder, sandbox):
    assert sandbox.base_url  # the workspace reads the environment that the sandbox set
    ws = Workspace(data_dir=folder)
    return (ws,)


@app.cell
def _(mo):
    mo.md("""
    ## Sync

    `ws.sync()` does what `mp sync` does: it fetches the missing days, loads them, builds the tables and
    publishes them. The report says what arrived and what is missing.
    """)


@app.cell
def _(ws):
    report = ws.sync()
    report.raise_failures()
    report
    return (report,)


@app.cell
def _(report, ws):
    assert report.published  # the tables that the workspace shows are those of this sync
    ws
    return


@app.cell
def _(mo):
    mo.md("""
    ## SQL

    `sql()` returns a pandas DataFrame, `sql_pl()` one of polars, `sql_arrow()` an Arrow table and
    `sql_rows()` a list of tuples. Dates are days of the project's time zone; `time` is UTC.
    """)


@app.cell
def _(report, ws):
    assert report.published
    days = ws.sql_pl(
        "SELECT event_date, dau, new_users FROM daily_active_users WHERE NOT is_partial ORDER BY event_date"
    )
    days
    return (days,)


@app.cell
def _(days, pl):
    # Weekly means, in polars.
    weeks = days.group_by_dynamic("event_date", every="1w").agg(pl.col("dau").mean().round(1))
    weeks
    return


@app.cell
def _(mo):
    mo.md("""
    ## Refine a query in steps

    A relation of DuckDB runs when its rows are requested.
    """)


@app.cell
def _(report, ws):
    assert report.published
    purchases = ws.relation("SELECT * FROM events WHERE event = ?", ["Purchase"])
    purchases.aggregate("event_date, count(*) AS purchases", "event_date").order("event_date")
    return


@app.cell
def _(mo):
    mo.md("""
    ## More rows than memory has room for

    `sql_batches()` yields Arrow batches while DuckDB computes them.
    """)


@app.cell
def _(folder, pq, report, ws):
    assert report.published
    path, writer, rows = folder / "views.parquet", None, 0
    for batch in ws.sql_batches("SELECT time, user_id FROM events WHERE event = 'Page Viewed'"):
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_batch(batch)
        rows += batch.num_rows
    if writer:
        writer.close()
    f"{rows:,} rows in {path.name}"
    return (rows,)


@app.cell
def _(mo):
    mo.md("""
    ## Mixpanel's own reports

    Each is one of the 60 requests an hour. Results have `df`, `arrow()` and `pl()`.
    """)


@app.cell
def _(days, ws):
    first, last = days["event_date"].min(), days["event_date"].max()
    counts = ws.segmentation("Purchase", first, last)
    counts
    return (counts,)


@app.cell
def _(counts, days, report, rows):
    # What a reader can rely on, and what the test of this notebook checks.
    assert report.failures == []
    assert days.height > 14
    assert rows > 0
    assert counts.pl()["count"].sum() == counts.total > 0
    return


if __name__ == "__main__":
    app.run()
