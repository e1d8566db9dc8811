"""Responses of the form ``{data: {series, values}, legend_size}``, and the same as CSV."""

import csv
import io
from typing import Any

from starlette.responses import Response

from mixpanel_data.sandbox import params
from mixpanel_data.sandbox.query.measures import Number

Values = dict[str, dict[str, Number]]


def table(labels: list[str], values: Values) -> dict[str, Any]:
    """Return the response as JSON. ``series`` is unordered, as in the documented example: its
    middle first."""
    middle = len(labels) // 2
    series = labels[middle:] + labels[:middle]
    return {"data": {"series": series, "values": values}, "legend_size": len(values)}


def as_asked(fields: params.Fields, labels: list[str], values: Values) -> dict[str, Any] | Response:
    """Return the table in the requested ``format``.

    The layout of Mixpanel's CSV is not documented: here a row is an interval.
    """
    if params.choice(fields, "format", ("json", "csv"), "json") == "json":
        return table(labels, values)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["date", *values])
    writer.writerows(
        [label, *(numbers.get(label, 0) for numbers in values.values())] for label in labels
    )
    return Response(text.getvalue(), media_type="text/csv")
