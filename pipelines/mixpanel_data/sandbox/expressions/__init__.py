"""Mixpanel's expression language, as far as ``where`` and ``on`` use it (docs/mixpanel-facts.md,
section 7.1)."""

from mixpanel_data.sandbox.expressions.parser import Evaluate, Predicate, parse, parse_value
from mixpanel_data.sandbox.expressions.subjects import EventSubject, ProfileSubject, Subject

__all__ = [
    "Evaluate",
    "EventSubject",
    "Predicate",
    "ProfileSubject",
    "Subject",
    "parse",
    "parse_value",
]
