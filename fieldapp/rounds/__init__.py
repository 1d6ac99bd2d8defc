"""Leaflet rounds: from the desk's plan to the last door, the count of leaflets, and what residents ask for on the way."""
