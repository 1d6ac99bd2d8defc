"""Visits: the door visit, from the board to the record and back."""
