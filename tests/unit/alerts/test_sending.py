"""Messages reach each target, or its problem is named without secrets; nothing takes longer than the limit."""

import logging
import time

import pytest
from pydantic import SecretStr
from support.receiver import Receiver

from mixpanel_data._internal.alerts.configuration import AlertSettings
from mixpanel_data._internal.alerts.sending import Message, send, without_secrets

MESSAGES = [Message("failed", "one", "text <b>"), Message("recovered", "two", "text")]
PASSWORD, TOKEN, PING = "hunter22-pass", "t0ken-of-path", "uuid-of-ping"


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


def targets(*urls: str, ping: str | None = None, timeout: float = 10) -> AlertSettings:
    return AlertSettings(
        urls=tuple(map(SecretStr, urls)),
        ping_url=SecretStr(ping) if ping else None,
        timeout=timeout,
    )


def test_each_target_gets_each_message_in_order(receiver):
    url = f"json://u:{PASSWORD}@{receiver.place}/{TOKEN}"

    found = send(targets(url, url), MESSAGES)

    assert [each.target for each in found] == [
        f"target {n}, JSON at {receiver.place}" for n in (1, 2)
    ]
    assert [each.received for each in found] == [MESSAGES, MESSAGES]
    assert sorted(alert["title"] for alert in receiver.alerts) == ["one", "one", "two", "two"]
    assert {alert["type"] for alert in receiver.alerts} == {"failure", "success"}


def test_a_problem_of_one_target_is_named_and_the_others_get_the_message(receiver):
    found = send(
        targets(
            f"json://{receiver.place}",
            "nonsense://x",
            "slack://no",
            f"json://u:{PASSWORD}@127.0.0.1:9/{TOKEN}",
            ping="http://127.0.0.1:9/" + PING,
        ),
        MESSAGES[:1],
        ping=True,
    )

    assert [bool(each.received) for each in found] == [True, False, False, False, False]
    problems = [each.problem for each in found]
    assert problems[:2] == ["", "apprise does not know this URL: see `apprise --details`"]
    assert "onnect" in problems[3]
    assert "ConnectError" in problems[4]
    assert not any(part in str(found) for part in (PASSWORD, TOKEN, PING))


def test_a_refusal_is_a_problem(receiver):
    receiver.status = 503

    (target, ping) = send(
        targets(f"json://{receiver.place}", ping=f"http://{receiver.place}/{PING}"),
        MESSAGES[:1],
        ping=True,
    )

    assert "503" in target.problem
    assert ping.problem == "HTTP status 503"


def test_a_target_that_does_not_answer_takes_no_longer_than_the_limit(receiver):
    receiver.stalls.set()
    began = time.monotonic()

    found = send(targets(f"json://{receiver.place}", timeout=0.5), MESSAGES)

    assert time.monotonic() - began < 3
    assert (found[0].received, found[0].problem) == ([], "no answer within 0.5 s")


def test_no_log_has_an_address(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"json://u:{PASSWORD}@{receiver.place}/{TOKEN}?-key={TOKEN}"

    send(targets(url, ping=f"http://{receiver.place}/{PING}"), MESSAGES, ping=True)

    assert receiver.pings == [f"/{PING}"]
    assert not any(part in caplog.text for part in (PASSWORD, TOKEN, PING))


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "T1JJ3T3L2"),
        ("mailto://me:pa-ssword@mail.example", "pa-ssword"),
        ("ntfy://ntfy.example/secret-topic?auth=abcdefg", "abcdefg"),
    ],
)
def test_every_part_of_a_url_but_its_host_is_removed(url, hidden):
    text = without_secrets(f"refused by mail.example and ntfy.example: {url}", [url])

    assert hidden not in text
    assert "mail.example and ntfy.example" in text
