"""A body is whole, or it is refused, in pieces of any size."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data._internal.landing.body_verifier import BodyVerifier, Proof
from mixpanel_data.exceptions import IncompleteExportError

TEXT = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    ["}\n{", "\u2028", "\u0085", "\x00", "\r"]
)
EVENTS = st.builds(
    lambda name, value: json.dumps(
        {"event": name, "properties": {"time": 1, "p": value}}, ensure_ascii=False
    ).encode(),
    TEXT,
    TEXT | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3),
)
BODIES = st.lists(EVENTS, min_size=1, max_size=12)


def prove(body: bytes, sizes: list[int], *, compressed: bool) -> Proof:
    verifier = BodyVerifier(compressed=compressed)
    start = 0
    for size in [*sizes, len(body)]:
        list(verifier.feed(body[start : start + size]))
        start += size
    return verifier.finish()


@given(BODIES, st.booleans(), st.booleans(), st.lists(st.integers(1, 40), max_size=60))
def test_every_line_is_counted_in_any_pieces(lines, last_break, compressed, sizes):
    body = b"\n".join(lines) + (b"\n" if last_break else b"")

    proof = prove(gzip.compress(body) if compressed else body, sizes, compressed=compressed)

    assert (proof.lines, proof.raw_bytes) == (len(lines), len(body))


@given(BODIES, st.data())
def test_no_cut_of_a_gzip_body_goes_unseen(lines, data):
    body = gzip.compress(b"\n".join(lines) + b"\n")
    kept = data.draw(st.integers(1, len(body) - 1))

    with pytest.raises(IncompleteExportError):
        prove(body[:kept], [], compressed=True)


@given(BODIES, st.data())
def test_no_cut_inside_a_line_of_a_plain_body_goes_unseen(lines, data):
    body = b"\n".join(lines)
    kept = data.draw(
        st.integers(1, len(body) - 1).filter(
            lambda n: body[:n][-1:] != b"\n" and body[n : n + 1] != b"\n"
        )
    )

    with pytest.raises(IncompleteExportError):
        prove(body[:kept], [], compressed=False)


@given(BODIES, st.integers(1, 30))
def test_gzip_may_come_in_several_members(lines, cut):
    body = b"\n".join(lines) + b"\n"
    members = gzip.compress(body[:cut]) + gzip.compress(body[cut:])

    assert prove(members, [7, 100], compressed=True).lines == len(lines)


def test_nothing_is_an_empty_export():
    assert prove(b"", [], compressed=False) == Proof(0, 0, 0)
    assert prove(gzip.compress(b""), [], compressed=True).lines == 0
    for blank in (b"\n", b"\r\n\n", b" \n\t"):
        assert prove(blank, [1], compressed=False).lines == 0


LINE = b'{"event":"a","properties":{"time":1}}'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (LINE + b"\nterminated early\n", "terminated early"),
        (LINE + b"\nexport terminated early", "terminated early"),
        (LINE + b"\nterminated early\n\n \r\n", "terminated early"),
        (LINE + b"\n" + LINE[:20] + b" terminated early", "terminated early"),
        (LINE + b"\n" + LINE[:-1], "unreadable last line"),
        (b"<html>busy</html>", "unreadable last line"),
        (b'{"error":"busy","status":500}', "not an export"),
        (b'{"error":"busy"}\n' + LINE, "not an export"),
        (b"[1]\n", "not an export"),
        (LINE + b'\n{"error":"busy"}\n', "not an export"),
        (b"<html>\nbusy\n</html>\n", "not an export"),
        (LINE + b"\n<html>busy</html>", "unreadable last line"),
    ],
)
def test_what_is_no_whole_export_is_refused_by_name(body, reason):
    with pytest.raises(IncompleteExportError) as caught:
        prove(body, [3], compressed=False)

    assert caught.value.reason == reason


@given(BODIES, st.lists(st.integers(1, 40), max_size=60))
def test_what_comes_out_is_what_went_in(lines, sizes):
    body = b"\n".join(lines) + b"\n"
    wire = gzip.compress(body)
    verifier = BodyVerifier(compressed=True)
    out, start = b"", 0

    for size in [*sizes, len(wire)]:
        out += b"".join(verifier.feed(wire[start : start + size]))
        start += size

    assert out == body
    assert verifier.finish().longest_line >= max(map(len, lines))
