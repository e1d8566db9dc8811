"""The page is whole in itself, says what is not there, and takes no name for anything but a name."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_file import LONG, MARKUP, MadeFile, full
from unit.html_report.conftest import read

from mixpanel_data._internal.html_report import formatting
from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.render import chart_specs, render_page, session_rule


class Tags(HTMLParser):
    """The tags of a page, as a browser takes them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def text_of(html: str) -> str:
    """What a reader sees, about."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_it_refers_to_nothing_outside_itself(edge_case_page: Path) -> None:
    tags = Tags(edge_case_page.read_text(encoding="utf-8")).found

    names = {tag for tag, _ in tags}
    assert not names & {
        "img",
        "iframe",
        "object",
        "embed",
        "video",
        "audio",
        "form",
        "base",
        "image",
    }
    links = {
        str(given[key]) for _, given in tags for key in ("src", "href", "srcset") if key in given
    }
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    policies = [
        given["content"] or ""
        for _, given in tags
        if given.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policies[0]


def test_it_stays_small(edge_case_page: Path) -> None:
    assert edge_case_page.stat().st_size < 1_500_000


def test_names_are_text_and_nothing_else(edge_case_page: Path) -> None:
    html = edge_case_page.read_text(encoding="utf-8")

    tags = Tags(html).found
    assert [tag for tag, _ in tags].count("script") == 2  # the charts' data, and ours
    assert not [given for _, given in tags if any(key.startswith("on") for key in given)]
    assert "<b>bold" not in html
    assert MARKUP in text_of(html)
    assert "{{ 7 * 7 }}" in text_of(html)
    assert LONG not in html
    assert LONG[:100] in html
    assert r"tab\tand\nline\x01one\u202ereversed" in html
    assert "(empty name)" in html


def test_it_says_what_numbers_mean_and_in_which_zone(edge_case_page: Path) -> None:
    text = text_of(edge_case_page.read_text(encoding="utf-8"))

    for words_of_it in (
        "Europe/Berlin",
        "WAU and MAU those of the 7 and 30 days that end with it",
        "3 days are missing of 100 days",
        "in that interval or any later one",
        "11 Jul 2026 to 12 Jul 2026, 31 Jul 2026",
        "Rows fetched by day",
        "half of them within 2 hours",
        "mixed",
        "Median time from step 1",
        "A session is the events of a user without a pause of more than 30 minutes.",
    ):
        assert words_of_it in text


def test_every_chart_has_its_place_and_every_place_its_chart(
    odd: MadeFile, edge_case_page: Path
) -> None:
    places = re.findall(r'data-chart="([^"]+)"', edge_case_page.read_text(encoding="utf-8"))

    assert sorted(places) == sorted(chart_specs(read(odd)))
    assert len(places) == 11


def test_charts_come_with_their_figures(edge_case_page: Path) -> None:
    html = edge_case_page.read_text(encoding="utf-8")

    assert len(re.findall(r'class="chart"[^>]*role="img" aria-label="[^"]{20,}"', html)) == 11
    assert (
        html.count("Figures as a table") == 9
    )  # the funnel's are open, stickiness shares the first


def test_without_funnels_it_says_how_to_configure_one_of_ones_own_events(tmp_path: Path) -> None:
    names = ["it's", "View", "Search", "Buy", "E", "F"]
    text = text_of(render_page(read(full(tmp_path, names=names, funnels=[]))))

    assert "No funnel is configured" in text
    assert "funnels: - name: first to last" in text
    assert "- 'it''s' - 'View' - 'Search'" in text


def test_an_empty_project_is_a_page_too(tmp_path: Path) -> None:
    text = text_of(render_page(read(MadeFile(tmp_path))))

    assert "No days of events have been fetched" in text
    assert "mp sync" in text


def test_days_without_events_are_a_page_too(tmp_path: Path) -> None:
    made = MadeFile(tmp_path)
    made.add(
        "dq_days",
        {
            "day": "2026-09-08",
            "is_fetched": True,
            "is_complete": True,
            "row_count": 0,
            "fetched_at": "2026-09-09",
        },
    )

    text = text_of(render_page(read(made)))

    assert "Complete up to Tue 8 Sep 2026" in text
    assert "No event occurred on these days" in text
    assert "No event arrived more than a day after it occurred" in text
    assert "No day is whole yet" in text


def test_a_section_without_its_table_says_so(tmp_path: Path) -> None:
    made = full(tmp_path)
    made.run("drop table retention_averages")

    assert "This file has no table retention_averages" in text_of(render_page(read(made)))


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
@settings(max_examples=200)
def test_any_name_can_be_seen_and_is_not_endless(name: str) -> None:
    seen = formatting.name(name)

    assert seen.strip()
    assert len(seen) <= formatting.MAX_NAME_LENGTH
    assert not set(seen) & {"\n", "\x00", "\u2028", "\u202e"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0%"),
        (0.0001, "<0.1%"),
        (0.123, "12.3%"),
        (0.9999, ">99.9%"),
        (1.0, "100%"),
        (None, formatting.NOTHING),
    ],
)
def test_a_share_never_rounds_to_none_or_all(value: float | None, text: str) -> None:
    assert formatting.percent(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (0.2, "under a second"),
        (1, "1 second"),
        (90, "1.5 minutes"),
        (86400 * 3, "3 days"),
    ],
)
def test_a_duration_has_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("values", "words_of_it"),
    [
        ({}, "of a user without a pause of more than 30 minutes. It ends at midnight."),
        (
            {
                "session_timeout_minutes": 5,
                "session_identity": "device",
                "session_split_at_midnight": False,
            },
            "of a device without a pause of more than 5 minutes.",
        ),
        ({"session_kind": "property", "session_property": "a\nb"}, r"one value of a\nb."),
        ({"session_kind": "event"}, "between the events that start and end one"),
    ],
)
def test_what_a_session_is_follows_the_settings(
    values: dict[str, object], words_of_it: str
) -> None:
    assert words_of_it in session_rule(Definitions(values))


def test_an_amount_keeps_its_cents() -> None:
    assert [formatting.money(each) for each in (None, 0, 12.5, 9999.999, 123456.7)] == [
        formatting.NOTHING,
        "0.00",
        "12.50",
        "10,000.00",
        "123,457",
    ]
