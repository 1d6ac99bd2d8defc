"""Review: what a supervisor sees of the records that came in."""
