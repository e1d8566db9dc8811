"""The boards, each from public tables."""
