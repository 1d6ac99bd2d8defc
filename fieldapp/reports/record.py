"""Record of the daily log: a supervisor's remark on a day; all else in the log is read from the records of the work."""

from fieldapp.declare.record import Day, Record, Text
from fieldapp.declare.words import _l


class LogRemark(Record):
    """A remark on a day of the community, changed in place; every change stays in the operations with its author."""

    kind = "log_remark"
    noun = _l("Remark on the log")
    channel = "desk:{community}"
    creates_by = ("supervisor",)
    patches_by = ("supervisor",)
    patchable = ("text",)

    day = Day()
    text = Text(max=2000)
