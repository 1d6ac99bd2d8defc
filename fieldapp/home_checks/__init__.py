"""Home checks: safety checklists at a door or of a staircase's shared parts, their hazards, and the rechecks that close them."""
