"""The operations of one Mixpanel project: one service for each purpose.

The operations of Mixpanel's API that they cover: docs/reference/mixpanel-api.md.
"""
