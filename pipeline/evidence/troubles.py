"""Translates the evidence store's errors: away, full or refusing access all become Unavailable."""

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from pipeline.errors import Unavailable

WHAT = "evidence store"


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate the store's errors to ours; a missing object stays a FileNotFoundError."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise Unavailable(f"{WHAT} (there is no such bucket)", retry_after_s=2.0) from error
        raise
    except (UnauthenticatedError, PermissionDeniedError) as error:
        raise Unavailable(
            f"{WHAT} (it refuses the credentials or the folder's permissions: {in_short(error)})"
        ) from error
    except (BaseError, OSError) as error:
        raise Unavailable(unavailable_name(str(error)), retry_after_s=2.0) from error


def unavailable_name(text: str) -> str:
    """The name of the store with the reason why it is unavailable. text: of the store's own error.

    >>> unavailable_name("Unable to copy data to file: No space left on device (os error 28)")
    'evidence store (disk full)'
    """
    if "No space left on device" in text or "os error 28" in text or "Quota exceeded" in text or "os error 122" in text:
        return f"{WHAT} (disk full)"
    return f"{WHAT} ({in_short(text)})"


def in_short(error: object) -> str:
    """The error's text on one line, 200 characters at most."""
    return " ".join(str(error).split())[:200]
