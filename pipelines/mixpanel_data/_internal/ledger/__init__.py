"""The ledger ``_metadata``, read: which days and profiles are there, as far as they count."""
