"""The demo community: deterministic, invented, and as large as a real one."""
