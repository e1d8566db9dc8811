"""What a project has: events, properties, saved reports, Lexicon schemas."""
