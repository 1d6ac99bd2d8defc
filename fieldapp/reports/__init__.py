"""Reports: what the supervisor sees of all kinds of work together: progress, the daily log, the tasks; never who did how much."""
