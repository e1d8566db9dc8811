"""A shop of known users, and the marts computed a second time in plain Python."""
