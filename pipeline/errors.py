"""The tree of errors. The class tells a stage what to do. BadRecord: dead-letter this record and go on. Unavailable: a
dependency is away, so back off and try again. Misconfigured: stop at start-up. All are VigieErrors."""

import re
from urllib.parse import SplitResult, urlsplit

_NAMED_SECRET = re.compile(r"(?i)password|passwd|secret|token|(?<![a-z])key(?!_file|_field)")
_URL_BEGINS = re.compile(r"[a-zA-Z0-9+.-]://")
_WORDS = ("password", "passwd", "secret", "token", "access_key")
_IN_QUERY = re.compile(
    rf"(?i)((?:{'|'.join(_WORDS)})[a-z0-9_.-]{{0,60}}[\"']?\s{{0,20}}[=:]\s{{0,20}})[^\s&,;)}}\]]+"
)  # bounded, so that no text makes it slow
_EXAMPLE = re.compile(r"(?i)://\[?user\b")  # how a message writes the form of a URL: nobody is named in it
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}")
_HOST = r"(?:[\w.-]*|\[[0-9a-fA-F:.]*\])(?::[0-9]*)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*", re.ASCII)
_WORD = re.compile(r"\S+")
_END_OF_HOSTS = re.compile(r"[/?#\s]")
HIDDEN = "***"
MOST_DETAIL = 4_000
"""Characters of what was wrong with a record, which may hold parts of it."""


def redacted(text: str) -> str:
    """The text without secrets: user and password of URLs, and the values of fields named password, token or secret.

    A password may hold any character, also / and @: everything between :// and the last @ of the line is removed.

    >>> redacted("Redis at rediss://app:pa/ss@w@store:6379/0 and s3://b?secret_access_key=abc&region=x")
    'Redis at rediss://***@store:6379/0 and s3://b?secret_access_key=***&region=x'
    """
    if ":" not in text and "=" not in text:
        return text
    if "://" in text:
        text = "\n".join(map(_without_user, text.split("\n")))
    lower = text.lower()
    if not any(word in lower for word in _WORDS):
        return text
    return _IN_QUERY.sub(rf"\g<1>{HIDDEN}", text)


def _without_user(line: str) -> str:
    """The line without what stands between its first :// and its last @."""
    begin, end = _URL_BEGINS.search(line), line.rfind("@")
    return f"{line[: begin.end()]}{HIDDEN}{line[end:]}" if begin is not None and begin.end() <= end else line


def _without_password(word: re.Match[str]) -> str:
    """The word; without what stands before its last @, if that has a colon: also where :// is missing."""
    before, at, after = word[0].rpartition("@")
    return f"{HIDDEN}@{after}" if at and ":" in before else word[0]


def shown_url(url: str) -> str:
    """A URL for a message: its scheme and hosts alone. Everything up to the last @ may be a password, whatever it holds, and so may
    all of a text that is no URL.

    >>> shown_url("rediss://app:pa/ss@w@store:6379/0"), shown_url("kafka:/app:word@store"), shown_url("store:6379")
    ('rediss://store:6379', '***', 'store:6379')
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url if _HOSTS.fullmatch(url) else HIDDEN
    hosts = _END_OF_HOSTS.split(rest.rpartition("@")[2], maxsplit=1)[0]
    return f"{scheme if _SCHEME.fullmatch(scheme) else HIDDEN}://{hosts if _HOSTS.fullmatch(hosts) else HIDDEN}"


def url_parts(setting: str, url: str, allowed: str) -> SplitResult:
    """The parts of a URL. Raises Misconfigured, without its user and password, for what is none."""
    try:
        return urlsplit(url)
    except ValueError:  # whose text may hold the password
        raise Misconfigured(setting, found=url, allowed=allowed) from None


def _shown(setting: str, found: object) -> str:
    """The value of a setting for a message; the value of a secret is left out."""
    if found is None:
        return "not set"
    if setting.lower().endswith("url"):
        return repr(shown_url(found)) if isinstance(found, str) else HIDDEN
    if _NAMED_SECRET.search(setting) and "file" not in setting.lower():
        return HIDDEN
    return repr(_WORD.sub(_without_password, found) if isinstance(found, str) and "@" in found else found)


class VigieError(Exception):
    """Base of all errors that Vigie raises. Its text never holds a secret: see `redacted`."""

    def __init__(self, message: str = "") -> None:
        super().__init__(redacted(message))


class BadRecord(VigieError):
    """Raised when a record can never be processed: put it into the dead letters and go on. reason: short and stable, for
    counting; detail: for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = redacted(detail[:MOST_DETAIL])
        super().__init__(f"{reason}: {self.detail}")


class Unavailable(VigieError):
    """Raised when a dependency is away: wait retry_after_s seconds, then try again. what: the dependency's name, for the
    message."""

    def __init__(self, what: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(f"{what} is unavailable")
        self.what = what
        self.retry_after_s = retry_after_s


class Misconfigured(VigieError):
    """Raised when a setting is wrong: end at start-up. setting: its name; allowed: what it may be; found: what it was, None
    where it is not set."""

    def __init__(self, setting: str, *, found: object, allowed: str) -> None:
        cure = allowed if _EXAMPLE.search(allowed) else redacted(allowed)
        Exception.__init__(self, f"{redacted(f'{setting} is {_shown(setting, found)}')}, but must be {cure}")
        self.setting = setting
