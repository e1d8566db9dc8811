"""What the library asks of one project: one service for each purpose.

Which operations of Mixpanel's API they cover: docs/reference/mixpanel-api.md.
"""
