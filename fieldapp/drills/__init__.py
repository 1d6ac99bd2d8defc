"""Fire drills: who is expected, who came when by scan, name or tick, which stations they passed, and who is missing."""
