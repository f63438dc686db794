"""Makes the ACL rules of a Redis or Valkey from pipeline.runtime.principals.

They hold passwords only as SHA-256; the passwords are long and random, so guessing does not help.
"""

from collections.abc import Mapping
from hashlib import sha256

from pipeline.runtime.accounts import Account
from pipeline.runtime.principals import ADMIN, BY_NAME, Principal, user_of
from pipeline.runtime.redis_memory import Memory

ALWAYS = ("ping", "info", "time", "select", "client|setinfo", "client|setname", "evalsha", "evalsha_ro", "script|load")
"""What a connection needs whatever it may see. (In a script, each command is asked for again.)"""

ON_KEYS = ("del", "unlink", "exists", "type", "expire", "pexpire", "pttl", "ttl", "persist")
NOBODY = "user default off resetpass ~* &* +@all"
"""Nobody can log in as this user: it is off, and has no password. But after a restart Redis reads its own file as this user, and
drops the transactions in it that the user may not do: all that any script wrote."""


def acl_file(namespace: str, accounts: Mapping[str, Account]) -> str:
    """The content of the file for Redis' setting `aclfile`."""
    lines = [NOBODY]
    lines += [
        " ".join(("user", user_of(name, namespace), *rules)) for name, rules in rules_of(namespace, accounts).items()
    ]
    return "\n".join(lines) + "\n"


def rules_of(namespace: str, accounts: Mapping[str, Account]) -> dict[str, tuple[str, ...]]:
    """The arguments of ACL SETUSER for each principal that has an account. They replace all rights that the user had before."""
    return {
        name: ("reset", "on", f"#{sha256(account.redis_password.encode()).hexdigest()}", *_rights(name, namespace))
        for name, account in accounts.items()
    }


def _rights(name: str, namespace: str) -> list[str]:
    if name == ADMIN:
        return ["~*", "&*", "+@all"]
    principal = BY_NAME[name]
    return ["-@all", *_keys(principal, namespace), *(f"+{command}" for command in _commands(principal))]


def _keys(principal: Principal, namespace: str) -> list[str]:
    return [_pattern(memory, namespace) for memory in principal.keys]


def _pattern(memory: Memory, namespace: str) -> str:
    """The memory's key pattern in this namespace. A namespace holds no character that has a meaning in globs."""
    return ("~" if memory.writes else "%R~") + memory.pattern.replace("NS", namespace, 1)


def _commands(principal: Principal) -> list[str]:
    if not principal.keys:
        return ["ping", "client|setinfo"]
    kinds = sorted({f"@{kind}" for memory in principal.keys for kind in memory.kinds})
    return [*ALWAYS, *ON_KEYS, *kinds]
