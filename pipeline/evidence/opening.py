"""Opens where pictures are stored: a folder, or a bucket of an S3-compatible service."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from pipeline.errors import Misconfigured, Unavailable
from pipeline.evidence.troubles import unavailable_name

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

SETTING = "VIGIE_EVIDENCE_URL"
ALLOWED = "a folder, file:///folder or s3://bucket/prefix?endpoint=https://host:port&region=name, or several URLs apart by blanks"
_S3_OPTIONS = {
    "endpoint": "endpoint",
    "region": "region",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
    "virtual_hosted_style": "virtual_hosted_style_request",
}


def folder_at(path: Path) -> LocalStore:
    """The folder, made if absent. Raises Unavailable when it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(unavailable_name(str(error))) from error
    return LocalStore(path, automatic_cleanup=True)


def bucket_at(bucket: str, path: str, query: str) -> S3Store:
    """The bucket, below this path. query: of the URL. Raises Misconfigured for what is none."""
    given = dict(parse_qsl(query))
    unknown = sorted(set(given) - set(_S3_OPTIONS))
    if unknown:
        raise Misconfigured(
            f"the query of {SETTING}",
            found=f"?{unknown[0]}=",
            allowed=f"with only {', '.join(_S3_OPTIONS)} in its query",
        )
    config: S3Config = {_S3_OPTIONS[name]: value for name, value in given.items()}  # type: ignore[assignment]  # S3Config's names
    client: ClientConfig = {
        "timeout": "10s",
        "connect_timeout": "3s",
        "allow_http": given.get("endpoint", "").startswith("http://"),
    }
    retry: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
    prefix = path.strip("/") or None
    try:
        return S3Store(bucket, prefix=prefix, config=config, client_options=client, retry_config=retry)
    except (BaseError, ValueError):  # whose text may hold what the query says
        raise Misconfigured(SETTING, found=f"s3://{bucket}", allowed=ALLOWED) from None
