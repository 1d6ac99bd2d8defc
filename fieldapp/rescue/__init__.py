"""Rescue: what waited on a phone comes in by a file instead of by the network, once."""
