"""Model of the private key of a drill: on the server alone; phones hold the public one."""

from __future__ import annotations

import peewee


class DrillKey(peewee.Model):
    """What signs a drill's badges and its poster."""

    drill = peewee.CharField(max_length=36, primary_key=True)
    private = peewee.CharField(max_length=64)

    class Meta:
        legacy_table_names = False
