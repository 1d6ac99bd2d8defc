"""Places: the community's grids, buildings, stair units, doors and households, and the register they come from."""
