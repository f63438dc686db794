"""The one error tree. The class says what the stage does with it.

VigieError
├── BadRecord       this record can never be processed: dead-letter it, go on
├── Unavailable     a dependency is away: back off and try again
└── Misconfigured   stop at start-up, naming the setting and its allowed values
"""


class VigieError(Exception):
    """Base of all errors raised here."""


class BadRecord(VigieError):
    """This record can never be processed: dead-letter it, go on. reason: short and stable, for counting; detail: for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Unavailable(VigieError):
    """A dependency is away: back off and try again."""

    def __init__(self, what: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(f"{what} is unavailable")
        self.what = what
        self.retry_after_s = retry_after_s


class Misconfigured(VigieError):
    """Stop at start-up. setting: its name; allowed: what it may be; found: what it was, None where there is nothing."""

    def __init__(self, setting: str, *, found: object, allowed: str) -> None:
        super().__init__(f"{setting} is {'not set' if found is None else repr(found)}, but must be {allowed}")
        self.setting = setting
