"""Stage 9: the ledger as a signed chain of hashes, and what may be shown of it."""
