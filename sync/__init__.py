"""Sync: the engine that loses nothing; it knows operations, records and channels, and no domain. Rules: PROTOCOL.md."""
