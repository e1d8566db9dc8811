"""The dashboard as a marimo app: `mp dashboard` runs it, or exports what it shows."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Mixpanel dashboard", css_file="dashboard.css")

with app.setup:
    import marimo as mo

    from mixpanel_data._internal.dashboard import reading
    from mixpanel_data._internal.dashboard.page import board_pieces, message, page_head


@app.cell
def _():
    # What was given to `mp dashboard`; a program gives its own by `app.run(defs=…)`.
    given = reading.read_given(mo.cli_args().get("given"))
    return (given,)


@app.cell
def _():
    # What a reader chose stays chosen when another publication is read. No state of marimo: nothing runs because of it.
    chosen: dict[str, object] = {}
    return (chosen,)


@app.cell
def _(given):
    # A new publication is another file, by a rename: the boards are read once more when it is there.
    refresh = None if given.static else mo.ui.refresh(default_interval=given.interval)
    get_publication, set_publication = mo.state(reading.publication(given))
    return get_publication, refresh, set_publication


@app.cell
def _(get_publication, given, refresh, set_publication):
    if refresh is not None:
        refresh.value
        if get_publication() != reading.publication(given):
            set_publication(reading.publication(given))
    return


@app.cell
def _(get_publication, given):
    get_publication()
    choices = reading.read_choices(given)
    return (choices,)


@app.cell
def _(choices, chosen, given):
    shown = choices.days is not None and not given.static
    days_filter = (
        mo.ui.date_range(
            start=choices.days.first,
            stop=choices.days.last,
            value=choices.days_in(chosen.get("days")),
            label="Days",
            on_change=lambda days: chosen.update(days=days),
        )
        if shown
        else None
    )
    segment_filter = (
        mo.ui.dropdown(
            choices.segments,
            value=choices.label_of_segment(chosen.get("segment", choices.segment)),
            label="Segment",
            on_change=lambda segment: chosen.update(segment=segment),
        )
        if shown and len(choices.segments) > 1
        else None
    )
    feature_filter = (
        mo.ui.dropdown(
            choices.features,
            value=choices.label_of_feature(chosen.get("feature", choices.feature)),
            label="Feature",
            searchable=True,
            on_change=lambda feature: chosen.update(feature=feature),
        )
        if shown and choices.features
        else None
    )
    return days_filter, feature_filter, segment_filter


@app.cell
def _(choices, days_filter, feature_filter, given, refresh, segment_filter):
    found = reading.read_page(
        given,
        span=days_filter.value if days_filter is not None else None,
        segment=segment_filter.value if segment_filter is not None else choices.segment,
        feature=feature_filter.value if feature_filter is not None else choices.feature,
    )
    head = mo.Html(page_head(found.title, found.days, found.notes))
    filters = [
        each for each in (days_filter, segment_filter, feature_filter, refresh) if each is not None
    ]
    mo.vstack([head, mo.hstack(filters, justify="start", wrap=True, gap=1.5)]) if filters else head
    return (found,)


@app.cell
def _(chosen, found, given):
    boards = {
        board.title: mo.vstack(
            [mo.Html(piece) if isinstance(piece, str) else piece for piece in board_pieces(board)]
        )
        for board in found.boards
    }
    if not boards:
        shown_boards = mo.Html(message(found.reason))
    elif given.static:
        shown_boards = mo.vstack(list(boards.values()), gap=2)
    else:
        shown_boards = mo.ui.tabs(
            boards,
            value=chosen.get("board"),
            on_change=lambda board: chosen.update(board=board),
        )
    shown_boards
    return


if __name__ == "__main__":
    app.run()
