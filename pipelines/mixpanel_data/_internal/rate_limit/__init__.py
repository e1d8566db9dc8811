"""The request budget: never more requests than Mixpanel allows, over all processes of a data
folder."""
