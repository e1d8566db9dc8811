"""Mixpanel's expression language, as far as ``where`` needs it (reference page, section 7.1)."""

from mixpanel_data.sandbox.expressions.parser import Predicate, parse
from mixpanel_data.sandbox.expressions.subjects import EventSubject, ProfileSubject

__all__ = ["EventSubject", "Predicate", "ProfileSubject", "parse"]
