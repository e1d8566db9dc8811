"""The page in a real browser, on a wide screen and a narrow one, in light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import Visit, Visitor
from support.made_file import MadeFile
from unit.html_report.conftest import read

from mixpanel_data._internal.html_report.render import render_page

pytestmark = pytest.mark.e2e

SCREENS = [(1280, False), (1280, True), (390, False), (390, True)]

# What reaches beyond the screen, unless it scrolls in a box of its own.
OVERFLOWING = """() => [...document.querySelectorAll("body *")].filter(each =>
    !each.closest(".scroll") && !each.classList.contains("skip") && !each.classList.contains("sr")
    && each.getClientRects().length
    && (each.getBoundingClientRect().right > innerWidth + 1 || each.getBoundingClientRect().left < -1)
).map(each => each.outerHTML.slice(0, 200))"""

# Texts of charts that stand beyond their chart's edge, where they are cut off.
CLIPPED = """() => [...document.querySelectorAll(".chart svg")].flatMap(svg => {
    const edge = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter(text => {
        const box = text.getBoundingClientRect();
        const seen = text.textContent && getComputedStyle(text).opacity !== "0" && box.width;
        return seen && (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1 || box.bottom > edge.bottom + 1);
    }).map(text => text.textContent);
})"""

# Pairs of visible texts of one chart that lie on each other.
OVERLAPPING = """() => [...document.querySelectorAll(".chart svg")].flatMap(svg => {
    const seen = [...svg.querySelectorAll("text")].filter(text => text.textContent && getComputedStyle(text).opacity !== "0");
    const boxes = seen.map(text => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
    return boxes.flatMap(([one, a], n) => boxes.slice(n + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
    ).map(([other]) => [one, other]));
})"""

# Contrast by WCAG of every text with the nearest background that is painted.
FAINT = """() => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = each => {
        for (; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (!/, 0\\)|transparent/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    return [...document.querySelectorAll("h1, h2, h3, p, a, dt, dd, li, th, td, summary, code, b, span")].filter(each =>
        each.textContent.trim() && each.getClientRects().length && !each.closest("svg, #tip")
    ).map(each => {
        const [one, other] = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a);
        return [(one + 0.05) / (other + 0.05), each.outerHTML.slice(0, 120)];
    }).filter(([ratio]) => ratio < 4.5);
}"""

# Scrolling takes the figures away, a frame after it is asked for.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def drawn(visit: Visit) -> Any:
    """The page once all its charts are there."""
    visit.page.wait_for_selector("html[data-drawn]", state="attached")
    return visit.page


@pytest.fixture(
    params=SCREENS, ids=lambda screen: f"{screen[0]}-{'dark' if screen[1] else 'light'}"
)
def visit(
    request: pytest.FixtureRequest, visitor: Visitor, edge_case_page: Path
) -> Iterator[Visit]:
    width, dark = request.param
    with visitor.visit(edge_case_page.as_uri(), width=width, dark=dark) as visit:
        yield visit


def labels(page: Any, chart: str) -> list[str]:
    """The labels of the x axis, lines joined."""
    return list(
        page.locator(f"[data-chart={chart}] svg .role-axis-label").first.evaluate(
            """axis => [...axis.querySelectorAll("text")].map(label => {
                const lines = [...label.querySelectorAll("tspan")].map(line => line.textContent);
                return lines.length ? lines.join(" ") : label.textContent;
            })"""
        )
    )


def test_it_opens_without_network_complaints_or_overflow(
    visit: Visit, edge_case_page: Path, tmp_path: Path
) -> None:
    page = drawn(visit)

    page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert (tmp_path / "report.png").stat().st_size > 100_000
    assert visit.complaints == []
    assert visit.requests == [edge_case_page.as_uri()]
    assert (
        page.title() == "Mixpanel project 12345: report up to 8 Sep 2026"
    )  # no name in the data was run
    assert page.locator(".chart svg").count() == 11
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPPING) == []
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_funnels_of_any_length_and_days_without_data_keep_to_their_charts(
    width: int, visitor: Visitor, gaps_page: Path
) -> None:
    with visitor.visit(gaps_page.as_uri(), width=width) as visit:
        page = drawn(visit)

        assert visit.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate(OVERLAPPING) == []


def test_the_axis_of_a_funnel_names_the_events(visitor: Visitor, gaps_page: Path) -> None:
    with visitor.visit(gaps_page.as_uri(), width=1280) as visit:
        wide = [labels(drawn(visit), f"funnel-{number}") for number in (1, 2, 3)]
    with visitor.visit(gaps_page.as_uri(), width=390) as visit:
        narrow = [labels(drawn(visit), f"funnel-{number}") for number in (1, 2, 3)]

    names = [f"{n}. Step number {n} of a long tour" for n in range(1, 13)]
    assert wide == [names[:2], names[:5], names]
    assert narrow[0] == names[:2]
    assert all(label.startswith(f"{n}. Step") for n, label in enumerate(narrow[1], 1))
    assert narrow[2] == [str(n) for n in range(1, 13)]  # 12 names have no room; the table has them


def test_days_that_are_not_known_are_bands_without_bars(visitor: Visitor, gaps_page: Path) -> None:
    with visitor.visit(gaps_page.as_uri()) as visit:
        page = drawn(visit)
        bands = {
            chart: page.locator(
                f"[data-chart={chart}] svg .mark-rect path[fill='var(--grid)']"
            ).count()
            for chart in ("sessions", "revenue", "lifecycle", "late")
        }
        bars = {
            chart: page.locator(
                f"[data-chart={chart}] svg .mark-rect path[fill='var(--c1)']"
            ).count()
            for chart in ("sessions", "revenue")
        }

    assert (bands["sessions"], bands["revenue"]) == (3, 3)
    assert bands["lifecycle"] > 0
    assert bands["late"] > 0
    assert bars == {"sessions": 28, "revenue": 28}


def test_countries_have_their_names(visitor: Visitor, gaps: MadeFile, tmp_path: Path) -> None:
    made = MadeFile(tmp_path)
    copied = made.path.write_bytes(gaps.path.read_bytes())
    assert copied
    made.run(
        "update sessions set country_code = case when utm_source = 'Paid' then 'DE' else '<b>?</b>' end"
    )
    page_file = tmp_path / "page.html"
    page_file.write_text(render_page(read(made)), encoding="utf-8")

    with visitor.visit(page_file.as_uri()) as visit:
        found = drawn(visit).locator("#countries tbody th").all_inner_texts()

    assert [each.strip() for each in found] == ["<b>?</b>", "Germany"]


def test_opened_tables_and_catalogues_keep_to_the_screen(visit: Visit) -> None:
    page = drawn(visit)

    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(OVERFLOWING) == []


def test_the_pointer_shows_the_figures(visitor: Visitor, edge_case_page: Path) -> None:
    with visitor.visit(edge_case_page.as_uri()) as visit:
        page = drawn(visit)
        page.locator("[data-chart=funnel-1]").scroll_into_view_if_needed()
        page.evaluate(SETTLED)
        box = page.locator("[data-chart=funnel-1] svg").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
        page.wait_for_selector("#tip:not([hidden])")

        words = page.locator("#tip").inner_text()

    assert "<script>document.title = 'owned'</script>" in words
    assert "90 of 90" in words


def test_a_chart_follows_the_screen_that_rotates(visitor: Visitor, edge_case_page: Path) -> None:
    with visitor.visit(edge_case_page.as_uri()) as visit:
        page = drawn(visit)
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_function(
            "[...document.querySelectorAll('.chart svg')].every(svg => svg.getAttribute('width') < 391)"
        )

        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_it_prints(visitor: Visitor, edge_case_page: Path) -> None:
    with visitor.visit(edge_case_page.as_uri(), dark=True) as visit:
        page = drawn(visit)
        paper = page.pdf(format="A4")
        page.emulate_media(media="print")

        assert paper.startswith(b"%PDF")
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert page.locator("nav").is_hidden()


def test_without_scripts_it_says_where_the_figures_are(
    visitor: Visitor, edge_case_page: Path
) -> None:
    with visitor.visit(edge_case_page.as_uri(), java_script_enabled=False) as visit:
        label = visit.page.locator("[data-chart=active]").evaluate(
            "each => getComputedStyle(each, '::before').content"
        )

        assert "table below" in label


def test_these_checks_see_what_they_are_for(visitor: Visitor, edge_case_page: Path) -> None:
    spoilt = """
        .tile:first-child { width: 3000px; }
        .lead { color: #bbb !important; }
        .chart svg text { font-size: 60px !important; }
    """
    with visitor.visit(edge_case_page.as_uri(), width=390, bypass_csp=True) as visit:
        page = drawn(visit)
        page.add_style_tag(content=spoilt)

        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0
        assert page.evaluate(OVERFLOWING) != []
        assert page.evaluate(CLIPPED) != []
        assert page.evaluate(OVERLAPPING) != []
        assert [html for _, html in page.evaluate(FAINT) if "lead" in html] != []
