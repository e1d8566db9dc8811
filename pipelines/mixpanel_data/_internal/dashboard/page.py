"""Boards as HTML, with charts as Vega-Lite specifications that marimo's page draws."""

import json
from dataclasses import dataclass
from html import escape

from mixpanel_data._internal.dashboard.parts import (
    Board,
    Chart,
    Note,
    Part,
    Section,
    Table,
    Tiles,
)
from mixpanel_data._internal.html_report.charts.vega import Spec

VEGA_LITE = "application/vnd.vegalite.v6+json"


@dataclass(frozen=True)
class DrawnChart:
    """A chart for marimo, which asks an object for its MIME type and data."""

    spec: Spec

    def _mime_(self) -> tuple[str, str]:
        # marimo's style sheet has variables of its own, such as --muted.
        text = json.dumps(self.spec).replace("var(--", "var(--mp-")
        # As SVG, in which colours may be variables; and without a menu.
        options = {"embedOptions": {"renderer": "svg", "actions": False}}
        return VEGA_LITE, json.dumps({**json.loads(text), "usermeta": options})


def board_pieces(board: Board) -> list[str | DrawnChart]:
    """Return the board as pieces that stand one below the other: HTML, and charts between it."""
    head = f'<div class="mp-board"><h2>{escape(board.title)}</h2><p class="mp-lead">{escape(board.lead)}</p></div>'
    pieces: list[str | DrawnChart] = [head]
    for section in board.sections:
        html = _title(section)
        for part in section.parts:
            if isinstance(part, Chart):
                pieces += [_boxed(html + _caption(part)), DrawnChart(part.spec)]
                html = ""
            else:
                html += part_html(part)
        if html:
            pieces.append(_boxed(html))
    return pieces


def part_html(part: Part) -> str:
    """Return a part, other than a chart, as HTML."""
    if isinstance(part, Tiles):
        return '<dl class="mp-tiles">' + "".join(map(_tile_html, _triples(part))) + "</dl>"
    if isinstance(part, Table):
        return _table_html(part)
    if isinstance(part, Note):
        return f'<p class="mp-{part.kind}">{escape(part.text)}</p>'
    raise TypeError(f"{part!r} is drawn, not written as HTML.")


def page_head(title: str, days: str, notes: tuple[str, ...]) -> str:
    """Return the head of the page: its title, the days, and which of them are not complete."""
    lines = "".join(f'<p class="mp-warning">{escape(note)}</p>' for note in notes)
    return _boxed(f'<h1>{escape(title)}</h1><p class="mp-lead">{escape(days)}</p>{lines}')


def message(text: str) -> str:
    """Return one sentence in place of the boards."""
    return _boxed(f'<p class="mp-configure">{escape(text)}</p>')


def _boxed(html: str) -> str:
    return f'<div class="mp-board">{html}</div>'


def _title(section: Section) -> str:
    scope = f' <span class="mp-scope">{escape(section.scope)}</span>' if section.scope else ""
    return f"<h3>{escape(section.title)}{scope}</h3>"


def _caption(chart: Chart) -> str:
    legend = "".join(
        f'<li><i style="background: {colour.replace("var(--", "var(--mp-")}"></i>{escape(label)}</li>'
        for label, colour in chart.legend
    )
    return f"<h4>{escape(chart.title)}</h4>" + (
        f'<ul class="mp-legend">{legend}</ul>' if legend else ""
    )


def _triples(part: Tiles) -> list[tuple[str, str, str]]:
    return [(tile.label, tile.figure, tile.note) for tile in part.tiles]


def _tile_html(tile: tuple[str, str, str]) -> str:
    label, figure, note = map(escape, tile)
    return f'<div><dt>{label}</dt><dd class="mp-figure">{figure}</dd><dd class="mp-small">{note}</dd></div>'


def _table_html(table: Table) -> str:
    body = "".join(f"<tr>{_cells(table, cells, 'td')}</tr>" for cells in table.rows)
    return (
        f'<div class="mp-scroll"><table><thead><tr>{_cells(table, table.columns, "th")}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cells(table: Table, cells: tuple[str, ...], tag: str) -> str:
    texts = [f"<{tag}>{escape(cell)}</{tag}>" for cell in cells[: table.texts]]
    numbers = [f'<{tag} class="mp-n">{escape(cell)}</{tag}>' for cell in cells[table.texts :]]
    return "".join(texts + numbers)
