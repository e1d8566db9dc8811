"""Promise 15 for profiles, at random: the good ones all load, and every other is kept once."""

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.api.engage_pages import engage_pages
from mixpanel_data._internal.api.requester import Received
from mixpanel_data._internal.landing.invalid_lines import longest_line, rewrite_without
from mixpanel_data._internal.landing.invalid_profiles import find_invalid_profiles
from mixpanel_data._internal.landing.profile_lines import parse_profiles
from mixpanel_data._internal.sql.profiles import read_profile_lines
from mixpanel_data.exceptions import HTTPContext

from .test_unreadable import ODD, UNREADABLE

# What leaves texts and brackets where they end: without those, the end of a profile can not be found.
HARMLESS = st.sampled_from(
    [b"\x00", b"\xff", b"\xed\xa0\xbd", b"x", b":", b"\\ud83d", b" ", b"\t", b"9"]
)


def good(number: int) -> bytes:
    return b'{"$distinct_id":"u%d","$properties":{"n":%d,"a":["b"]}}' % (number, number)


@st.composite
def changed(draw: st.DrawFn, number: int) -> bytes:
    profile = good(number)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(1, len(profile) - 1))
        profile = profile[:at] + draw(HARMLESS) + profile[at:]
    return profile


@st.composite
def pages(draw: st.DrawFn) -> list[tuple[bytes, bool]]:
    """The profiles of a page, and which of them were left alone."""
    count = draw(st.integers(1, 15))
    odd = draw(st.sets(st.integers(0, count - 1)))
    known = st.sampled_from([*ODD.values(), *UNREADABLE.values()])
    return [
        (draw(changed(n) | known.map(lambda raw, n=n: raw.replace(b"%s", b"o%d" % n))), False)
        if n in odd
        else (good(n), True)
        for n in range(count)
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pages(), st.sampled_from([b",", b" ,\n", b",\r\n\t"]))
def test_the_good_profiles_load_and_every_other_is_kept_once(tmp_path, profiles, comma):
    raws = [raw for raw, _ in profiles]
    body = (
        b'{"page":0,"session_id":"s","page_size":1000,"total":%d,"results":[%s],"status":"ok"}'
        % (
            len(raws),
            comma.join(raws),
        )
    )
    [page] = engage_pages(lambda _form: Received(body, 1, HTTPContext), {}, str)
    path = tmp_path / "profiles.ndjson"
    path.write_bytes(b"".join(p.line(n) for n, p in enumerate(parse_profiles(page.body), start=1)))

    bad = find_invalid_profiles(path)
    kept = rewrite_without(path, bad)
    query = f"SELECT distinct_id FROM {read_profile_lines(path, longest_line(path))}"
    ids = [name for (name,) in duckdb.connect().execute(query).fetchall()]

    assert (page.results, page.total, page.session_id) == (len(raws), len(raws), "s")
    assert len(ids) == kept == len(raws) - sum(line.repaired is None for line in bad)
    assert None not in ids
    assert len({line.number for line in bad}) == len(bad)
    untouched = {n for n, (_, alone) in enumerate(profiles, start=1) if alone}
    assert not untouched & {line.number for line in bad}
    assert {f"u{n - 1}" for n in untouched} <= set(ids)
