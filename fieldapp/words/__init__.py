"""Catalogs: every text a person reads, in each language; `gather` keeps them in step with the sources."""
