"""What the published tables say, as one page for people: queries, a typed model, HTML.

Everything in the model is bounded, whatever the length of the history, so the page stays small.
"""
