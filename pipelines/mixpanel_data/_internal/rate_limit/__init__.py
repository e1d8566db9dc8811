"""The rate limiter: all processes of a data folder together never exceed Mixpanel's limits."""
