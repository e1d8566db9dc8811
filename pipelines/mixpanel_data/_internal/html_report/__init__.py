"""The HTML report of the published tables: queries, a typed model, templates.

Every part of the model is bounded, whatever the length of the history, so that the page is always
small.
"""
