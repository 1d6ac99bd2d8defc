"""Screens of the reports: the record of the log's remarks, and on a household's page the way to its whole timeline."""

import fieldapp.reports.record  # noqa: F401
from fieldapp.declare.addition import add

add("/households/<household>", "facts", "reports/_household.html", order=90)
