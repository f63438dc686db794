"""Kafka's request for SCRAM-SHA-512 credentials (API 51, KIP-554), which aiokafka does not have."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

ITERATIONS = 4_096  # the least that Kafka takes; a password of 256 random bits needs none
_SHA_512 = 2


class _AlteredV0(Response):  # type: ignore[misc]  # aiokafka ships no types that hold
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("code", Int16),
                ("message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterV0(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types that hold
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlteredV0
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentials(Request[_AlterV0]):  # type: ignore[misc]  # aiokafka ships no types that hold
    """Kafka's API 51 (KIP-554). It sends the salted password that SCRAM needs, never the password itself."""

    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def build(self, request_struct_class: Any) -> Any:
        """The request as aiokafka sends it."""
        return request_struct_class([], list(_upsertions(self._passwords.items())), {})


def _upsertions(passwords: Iterable[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    for user, password in passwords:
        salt = secrets.token_bytes(32)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
        yield user, _SHA_512, ITERATIONS, salt, salted, {}
