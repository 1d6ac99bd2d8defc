"""Letters of commitment: read at a door, signed on the phone or on paper, and never changed afterwards."""
