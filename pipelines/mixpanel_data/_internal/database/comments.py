"""Reads the comments of tables: a text, then lines that begin with fixed words.

    The sessions of users.
    Grain: one row per session.
    Keys: session_id.
    Joins: user_id = profiles.user_id.
    Caveats: Duration is 0 for a session of one event.
    Example questions: How long are sessions? How many bounce?

dbt writes them from the descriptions of models. Only the text is required.
"""

import re
from dataclasses import dataclass, field

_LABELS = {
    "Grain": "grain",
    "Keys": "keys",
    "Joins": "joins",
    "Caveats": "caveats",
    "Example questions": "questions",
}
_LINE = re.compile(rf"({'|'.join(_LABELS)}):\s*(.*)", re.DOTALL)
_END_OF_SENTENCE = re.compile(r"(?<=[.?!])\s+(?![a-z])")


@dataclass(frozen=True)
class TableComment:
    """The parts of a table's comment; None or empty if it lacks them."""

    text: str | None = None
    grain: str | None = None
    keys: list[str] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    caveats: str | None = None
    questions: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str | None:
        """The first sentence."""
        return _END_OF_SENTENCE.split(self.text, maxsplit=1)[0] if self.text else None


def parse_comment(comment: str | None) -> TableComment:
    """Return the parts of ``comment``; a line without a fixed word belongs to the text."""
    parts: dict[str, str] = {}
    text: list[str] = []
    for line in (comment or "").splitlines():
        if found := _LINE.fullmatch(line.strip()):
            parts[_LABELS[found[1]]] = found[2]
        elif line.strip():
            text.append(line.strip())
    return TableComment(
        text="\n".join(text) or None,
        grain=parts.get("grain", "").rstrip(".") or None,
        keys=[key for key in _split(parts, "keys", ",") if key != "none"],
        joins=_split(parts, "joins", ";"),
        caveats=parts.get("caveats") or None,
        questions=_END_OF_SENTENCE.split(parts["questions"]) if parts.get("questions") else [],
    )


def _split(parts: dict[str, str], name: str, separator: str) -> list[str]:
    return [
        item.strip() for item in parts.get(name, "").rstrip(".").split(separator) if item.strip()
    ]
