"""Screens of the reports: none yet; declares the record of the log's remarks."""

import fieldapp.reports.record  # noqa: F401
