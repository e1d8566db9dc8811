"""The HTML report of the published tables: queries, a typed model, templates.

Every part of the model is bounded, so that the page is small for a history of any length.
"""
