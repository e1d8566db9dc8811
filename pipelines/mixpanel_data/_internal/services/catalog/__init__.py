"""The contents of a project: events, properties, saved reports, Lexicon schemas."""
