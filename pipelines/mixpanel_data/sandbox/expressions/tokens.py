"""The words, signs, numbers and quoted texts an expression is made of."""

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
    """Kind (text, number, word or sign) and spelling of each token; 400 where there is none."""
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise unreadable(text)
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def number(token: str) -> int | float:
    """The value of a number; an integer of any size keeps all its digits."""
    return int(token) if token.isdecimal() else float(token)


def unquote(token: str) -> str:
    """The text between the quotes. Double-quoted text follows JSON's escapes; in others a backslash
    spares one sign."""
    if token.startswith('"'):
        try:
            return str(json.loads(token, strict=False))
        except ValueError:
            pass
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)


def unreadable(text: str) -> RefusedError:
    """What Mixpanel says of a text outside the grammar; the status is known, the wording is ours."""
    return RefusedError(400, f"Unable to parse expression: {text}")
