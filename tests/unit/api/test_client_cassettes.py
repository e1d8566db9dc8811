"""The client over recorded traffic of the sandbox. How to rerecord it: cassettes/README.md."""

import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data.exceptions import AuthenticationError, QueryError, RateLimitError
from mixpanel_data.sandbox import Dataset, Sandbox

pytestmark = pytest.mark.vcr

BUSY_DAY, QUIET_DAY, EMPTY_DAY = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)
TODAY = date(2026, 3, 10)


def shop() -> Dataset:
    """A busy day, a quiet one, and five profiles, with the characters that break careless readers."""
    dataset = Dataset.empty()
    for n in range(30):
        moment = datetime(2026, 3, 1, 12, n, tzinfo=UTC)
        dataset.add_event(
            "Order Completed",
            moment,
            distinct_id=f"user-{n}",
            insert_id=f"insert-{n:04}",
            note="line\u2028separator \u0085 🛒",
            order_id=2**53 + n,
            cart=[{"sku": "A", "price": 1.1}, {"sku": "B", "price": None}],
        )
    dataset.add_event("App Opened", datetime(2026, 3, 2, tzinfo=UTC), distinct_id="user-1")
    for n in range(5):
        dataset.set_profile(
            n if n == 3 else f"user-{n}", {"$email": f"{n}@shop.example", "note": "é" * 700}
        )
    return dataset


@pytest.fixture
def address(record_mode: str, vcr: Any) -> Iterator[str]:
    """Where the cassette plays; a sandbox while recording, its clock still, so that it always says the same."""
    if record_mode == "none":
        yield "http://127.0.0.1:9"  # the discard port: nothing answers there
        assert vcr.all_played
    else:
        with Sandbox(shop(), today=TODAY, rate_limits=True, clock=lambda: 0.0) as sandbox:
            yield sandbox.base_url


@pytest.fixture
def client(address: str, record_mode: str, credentials: Credentials) -> Iterator[MixpanelAPIClient]:
    # Credentials are not on the cassettes, so any play them.
    theirs = Credentials.model_validate(vars(Sandbox().credentials))
    account = credentials if record_mode == "none" else theirs
    with MixpanelAPIClient(account, base_url=address, max_attempts=1) as client:
        yield client


def body_of(client: MixpanelAPIClient, day: date) -> tuple[str, bytes]:
    with client.export(day, day) as stream:
        return stream.content_encoding, b"".join(stream.iter_raw())


def test_a_busy_day_comes_in_gzip_to_the_last_byte(client: MixpanelAPIClient) -> None:
    encoding, raw = body_of(client, BUSY_DAY)

    inflate = zlib.decompressobj(wbits=31)
    assert encoding == "gzip"
    assert inflate.decompress(raw) == b"".join(shop().lines(BUSY_DAY, BUSY_DAY))
    assert inflate.eof


def test_a_quiet_day_comes_as_it_is(client: MixpanelAPIClient) -> None:
    wanted = b"".join(shop().lines(QUIET_DAY, QUIET_DAY))

    assert body_of(client, QUIET_DAY) == ("identity", wanted)


def test_a_day_without_events_is_an_empty_body(client: MixpanelAPIClient) -> None:
    assert body_of(client, EMPTY_DAY) == ("identity", b"")


def test_an_export_of_chosen_events(client: MixpanelAPIClient) -> None:
    with client.export(BUSY_DAY, QUIET_DAY, events=["App Opened"]) as stream:
        assert b"".join(stream.iter_raw()).count(b"\n") == 1


def test_a_day_that_has_not_begun_is_refused(client: MixpanelAPIClient) -> None:
    tomorrow = TODAY.replace(day=TODAY.day + 1)
    with pytest.raises(QueryError, match="to_date"), client.export(tomorrow, tomorrow):
        pass


def test_wrong_credentials_are_refused(address: str, credentials: Credentials) -> None:
    with (
        MixpanelAPIClient(credentials, base_url=address) as stranger,
        pytest.raises(AuthenticationError, match="401"),
        stranger.export(QUIET_DAY, QUIET_DAY),
    ):
        pass


def test_profiles_come_page_by_page(client: MixpanelAPIClient) -> None:
    pages = list(client.engage_pages(page_size=2))

    assert [(page.page, page.results) for page in pages] == [(0, 2), (1, 2), (2, 1)]
    assert {page.session_id for page in pages} == {pages[0].session_id}
    assert pages[0].total == 5
    assert b'"$distinct_id":3' in pages[1].body


def test_profiles_by_a_filter(client: MixpanelAPIClient) -> None:
    where = 'properties["$email"] == "1@shop.example"'

    [page] = client.engage_pages(where=where, output_properties=["$email"])

    assert page.results == 1


def test_the_credential_check_names_the_time_zone(client: MixpanelAPIClient) -> None:
    [project] = client.me()["results"]["projects"].values()

    assert project["timezone"] == "UTC"


def test_a_spent_budget_is_a_rate_limit_error_without_a_time(client: MixpanelAPIClient) -> None:
    for _ in range(3):  # as many as a second allows
        body_of(client, EMPTY_DAY)
    with pytest.raises(RateLimitError, match="gave no time") as caught:
        body_of(client, EMPTY_DAY)

    assert caught.value.retry_after is None
