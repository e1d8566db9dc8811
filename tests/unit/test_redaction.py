"""Secrets leave every text, and other words stay."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._redaction import REDACTED, redact
from mixpanel_data.exceptions import APIError

PAIR = base64.b64encode(b"sa.user:hunter2").decode()


@pytest.mark.parametrize(
    "leak",
    [
        f"Authorization: Basic {PAIR}",
        f"authorization=Basic%20{PAIR}",
        f'{{"Authorization": "Basic {PAIR}"}}',
        f"we got basic {PAIR.rstrip('=')} from you",
        "https://sa.user:hunter2@mixpanel.com/api",
        "GET /?api_secret=hunter2&x=1",
        '{"secret": "hunter2"}',
        "password=hunter2",
    ],
)
def test_what_looks_like_credentials_is_redacted(leak: str) -> None:
    clean = redact(leak)

    assert "hunter2" not in clean
    assert PAIR.rstrip("=") not in clean


@pytest.mark.parametrize(
    "words",
    [
        "Basic authentication is required on the basic plan",
        'where: properties["token"] == "a"',
        "https://mixpanel.com/api/query?project_id=1 and a@b.c",
        "to_date cannot be later than today",
    ],
)
def test_ordinary_words_stay(words: str) -> None:
    assert redact(words) == words


secrets = st.text(st.characters(exclude_categories=["Cs", "Zs", "Cc"]), min_size=4).filter(
    lambda text: text.strip() == text and text not in REDACTED
)


@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_a_known_secret_leaves_in_every_spelling(secret: str, before: str, after: str) -> None:
    redactor = Redactor(
        Credentials.model_validate(
            {"username": "u", "secret": secret, "project_id": "1", "region": "us"}
        )
    )
    spellings = {
        secret,
        quote(secret, safe=""),
        re.sub("%..", lambda escape: escape[0].lower(), quote(secret)),
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(f"u:{secret}".encode()).decode(),
        base64.urlsafe_b64encode(f"u:{secret}".encode()).decode(),
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }
    for spelling in spellings:
        # Alone on its line: the words around must not be able to spell it by themselves.
        if spelling in before or spelling in after:
            continue
        assert spelling not in redactor(f"{before}\n{spelling}\n{after}").replace(REDACTED, "\0")


def test_an_api_error_redacts_message_and_context_by_itself() -> None:
    error = APIError(
        "at https://u:hunter2@host",
        request_url="https://u:hunter2@host/export",
        request_params={"api_secret": "hunter2", "event": "a"},
        request_body="secret=hunter2",
        response_body={"headers": {"authorization": "hunter2"}, "sent": [f"Basic {PAIR}"]},
    )

    shown = json.dumps(error.to_dict())
    assert "hunter2" not in shown
    assert PAIR not in shown
    assert error.request_params == {"api_secret": REDACTED, "event": "a"}
