"""Removes an account's secret from texts, in every form in which a server may send it back."""

import base64
import html
import re
from functools import cached_property

from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._redaction import REDACTED, redact


class Redactor:
    """Removes the secret of one account, in the forms in which a server may send it back."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, text: str) -> str:
        """Return ``text`` without the secret in any form, and without anything like
        credentials."""
        return redact(self._known.sub(REDACTED, text))

    @cached_property
    def _known(self) -> re.Pattern[str]:
        # Built on first use, since it is long.
        known = sorted(_encodings(self._credentials), key=len, reverse=True)
        return re.compile("|".join("".join(map(_escapes, text)) for text in known))

    def __repr__(self) -> str:
        return "Redactor(...)"


def _encodings(credentials: Credentials) -> set[str]:
    """Return the secret in clear and in base64, alone or in the pairs of an authorization
    header."""
    secret = credentials.secret.get_secret_value()
    pairs = (secret, f"{credentials.username}:{secret}", f"{secret}:")
    encoded = {base64.b64encode(pair.encode()).decode().rstrip("=") for pair in pairs}
    return {secret} | encoded | {text.replace("+", "-").replace("/", "_") for text in encoded}


def _escapes(character: str) -> str:
    """Return a pattern for one character in plain text, JSON (also nested), a URL or HTML."""
    units = re.findall("....", character.encode("utf-16-be").hex())
    forms = {
        re.escape(character),
        r"\\{1,8}".join(f"(?i:u{unit})" for unit in units),
        "".join(f"(?i:%{byte:02x})" for byte in character.encode()),
        re.escape(html.escape(character)),
        r"".join(rf"\\x(?i:{byte:02x})" for byte in character.encode()),
        f"&#0*{ord(character)};",
        f"(?i:&#x0*{ord(character):x};)",
    }
    return rf"\\{{0,8}}(?:{'|'.join(sorted(forms, key=len, reverse=True))})"
