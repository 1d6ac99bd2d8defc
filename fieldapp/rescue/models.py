"""Models: which rescue files were brought, by whom, and what became of what they held."""

from __future__ import annotations

import peewee


class RescueBrought(peewee.Model):
    """One person's part of one file, brought once; written before anything is taken, filled in afterwards.

    The operations are those of `device` with seqs from `first` to `last`.
    """

    id = peewee.CharField(max_length=36, primary_key=True)
    community = peewee.CharField(max_length=36, index=True)
    sha256 = peewee.CharField(max_length=64)
    author = peewee.CharField(max_length=36)
    author_name = peewee.CharField(max_length=60)
    device = peewee.CharField(max_length=36)
    first = peewee.BigIntegerField()
    last = peewee.BigIntegerField()
    brought_by = peewee.CharField(max_length=36)  # an account; empty for the command
    brought_name = peewee.CharField(max_length=60, default="")
    at = peewee.CharField(max_length=24)
    known = peewee.IntegerField(default=0)  # of these were here already
    photos = peewee.IntegerField(default=0)  # taken in with it
    photos_known = peewee.IntegerField(default=0)  # of these were here already
    photos_refused = peewee.IntegerField(default=0)  # no pictures that can be kept
    photos_left = peewee.IntegerField(default=0)  # had no room in the file and are still on the phone
    outcomes = peewee.TextField(default="{}")  # status → how many; empty while unfinished
    refused = peewee.CharField(max_length=20, default="")  # "gap": nothing was taken

    class Meta:
        legacy_table_names = False
        table_name = "rescue_brought"
