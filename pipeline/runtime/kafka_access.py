"""Makes accounts and rights on a Kafka: SCRAM-SHA-512 credentials, and ACLs for the rights in pipeline.runtime.principals.

aiokafka has no request for credentials (see scram_credentials), and its request for ACLs takes only one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import (
    CreateAclsRequest_v1,
    DeleteAclsRequest_v1,
    DescribeAclsRequest_v1,
)
from aiokafka.protocol.api import Request, RequestStruct

from pipeline.errors import VigieError
from pipeline.runtime.accounts import Account
from pipeline.runtime.principals import PRINCIPALS, Principal, user_of
from pipeline.runtime.scram_credentials import AlterUserScramCredentials

_TOPIC, _GROUP = 2, 3
_READ, _WRITE, _DESCRIBE, _DESCRIBE_CONFIGS = 3, 4, 8, 10
_ANY, _LITERAL, _ALLOW = 1, 3, 3
_SECURITY_DISABLED = 54


class AccessRefused(VigieError):
    """Raised when the broker refuses an account or a right. The message says which and why."""


class NoAuthorizer(AccessRefused):
    """Raised when the broker has no authorizer, so that every client may do everything. The message names the settings to
    set."""

    def __init__(self) -> None:
        super().__init__(
            "this Kafka lets everybody do everything. Set authorizer.class.name="
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer and super.users on its brokers and controllers"
        )


@dataclass(frozen=True, slots=True, order=True)
class KafkaRight:
    """One operation that a user may do on one resource. kind and operation: Kafka's numbers."""

    user: str
    kind: int
    resource: str
    operation: int


def rights_of(principal: Principal, namespace: str) -> set[KafkaRight]:
    """The rights that the table of principals gives this one. (The right to read or write a topic includes that to describe
    it.)"""
    user = principal.user(namespace)
    operations = [(topic, _READ) for topic in principal.reads] + [(topic, _WRITE) for topic in principal.writes]
    operations += [(topic, _DESCRIBE) for topic in principal.describes]
    if principal.configs:
        operations += [(topic, _DESCRIBE_CONFIGS) for topic in (*principal.reads, *principal.describes)]
    rights = {KafkaRight(user, _TOPIC, f"{namespace}.{topic.name}", operation) for topic, operation in operations}
    return rights | ({KafkaRight(user, _GROUP, user, _READ)} if principal.joins else set())


async def grant_kafka(
    admin: AIOKafkaAdminClient,
    namespace: str,
    accounts: Mapping[str, Account],
    principals: Iterable[Principal] = PRINCIPALS,
) -> None:
    """Give every principal that has an account its password and exactly its rights. It may be run again.

    admin: a started client of a super user. Raises AccessRefused, NoAuthorizer, KafkaError.
    """
    passwords = {user_of(name, namespace): account.kafka_password for name, account in accounts.items()}
    await set_passwords(admin, passwords)
    for_them = [principal for principal in principals if principal.name in accounts]
    wanted = {right for principal in for_them for right in rights_of(principal, namespace)}
    users = {principal.user(namespace) for principal in for_them}
    held = {right for right in await _rights(admin) if right.user in users}
    await _create(admin, sorted(wanted - held))
    await _delete(admin, sorted(held - wanted))


async def set_passwords(admin: AIOKafkaAdminClient, passwords: Mapping[str, str]) -> None:
    """Set these users' passwords; users that do not exist are made. Raises AccessRefused, KafkaError."""
    answer = await _ask(admin, AlterUserScramCredentials(passwords))
    for user, code, reason, _ in answer.results:
        if code != 0:
            raise AccessRefused(f"no account for {user}: {_why(code, reason)}")


async def _rights(admin: AIOKafkaAdminClient) -> set[KafkaRight]:
    """Every allowing ACL that names one resource and one user, from any host. Raises NoAuthorizer, AccessRefused."""
    answer = await _ask(admin, _Prepared(DescribeAclsRequest_v1(_ANY, None, _ANY, None, None, _ANY, _ANY)))
    if answer.error_code == _SECURITY_DISABLED:
        raise NoAuthorizer
    if answer.error_code != 0:
        raise AccessRefused(f"the rights could not be read: {_why(answer.error_code, answer.error_message)}")
    return {
        KafkaRight(principal.removeprefix("User:"), kind, resource, operation)
        for kind, resource, pattern, acls in answer.resources
        for principal, host, operation, permission in acls
        if (pattern, host, permission) == (_LITERAL, "*", _ALLOW)
    }


async def _create(admin: AIOKafkaAdminClient, rights: list[KafkaRight]) -> None:
    if not rights:
        return
    answer = await _ask(admin, _Prepared(CreateAclsRequest_v1(list(map(_acl, rights)))))
    for right, (code, reason) in zip(rights, answer.creation_responses, strict=True):
        if code != 0:
            raise AccessRefused(f"no right for {right.user} on {right.resource}: {_why(code, reason)}")


async def _delete(admin: AIOKafkaAdminClient, rights: list[KafkaRight]) -> None:
    if not rights:
        return
    answer = await _ask(admin, _Prepared(DeleteAclsRequest_v1(list(map(_acl, rights)))))
    for right, (code, reason, _) in zip(rights, answer.filter_responses, strict=True):
        if code != 0:
            raise AccessRefused(f"{right.user} still has a right on {right.resource}: {_why(code, reason)}")


def _acl(right: KafkaRight) -> tuple[int, str, int, str, str, int, int]:
    return right.kind, right.resource, _LITERAL, f"User:{right.user}", "*", right.operation, _ALLOW


def _why(code: int, reason: str | None) -> str:
    return f"{for_code(code).__name__}: {reason or 'no reason given'}"


async def _ask(admin: AIOKafkaAdminClient, request: Request[Any]) -> Any:
    """Send the request to any broker, which passes it to the controller, and return the answer."""
    return await admin._send_request_to_node(admin._client.get_random_node(), request)


class _Prepared(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka ships no types that hold
    """A request in a fixed version, which Kafka 2.0 and later understand. (aiokafka encodes other versions wrongly.)"""

    API_KEY = CreateAclsRequest_v1.API_KEY

    def __init__(self, struct: RequestStruct) -> None:
        self._struct = struct

    def build(self, request_struct_class: Any) -> Any:
        return self._struct

    def prepare(self, versions: Any) -> Any:
        return self._struct
