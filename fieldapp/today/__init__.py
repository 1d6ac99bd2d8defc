"""Today: what is due at this person's doors, and the pages about the phone itself."""
