"""The tokens of an expression: words, signs, numbers and quoted texts."""

import json
import re

from mixpanel_data.sandbox.errors import RefusedError

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<number>\d{1,100}(?:\.\d{1,100})?(?:[eE][+-]?\d{1,3})?)"""
    r"""|(?P<word>[A-Za-z_]+)|(?P<sign>[=!<>]=|[<>()\[\],+*/%-]))""",
    re.DOTALL,
)


def tokens(text: str) -> list[tuple[str, str]]:
    """Return kind (text, number, word or sign) and spelling of each token; 400 for invalid ones."""
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise unreadable(text)
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def number(token: str) -> int | float:
    """Return the value of a number; integers of any size keep all digits."""
    return int(token) if token.isdecimal() else float(token)


def unquote(token: str) -> str:
    """Return the text between the quotes.

    Double quotes follow JSON's escapes; in others a backslash escapes one character.
    """
    if token.startswith('"'):
        try:
            return str(json.loads(token, strict=False))
        except ValueError:
            pass
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)


def unreadable(text: str) -> RefusedError:
    """Return Mixpanel's error for an invalid text; the status is known, the wording is ours."""
    return RefusedError(400, f"Unable to parse expression: {text}")
