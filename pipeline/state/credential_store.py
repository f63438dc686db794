"""Stores how persons prove who they are: a password's hash, passkeys' public keys and the subject at the organisation's identity
provider, in one Redis hash for each account; a further hash finds the account of a subject."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

import msgspec
import redis.asyncio

from pipeline.access.organisation import Binding
from pipeline.state.redis_port import Argument, Script, redis_edge
from schemas.base import Count, EpochMs, Message, Text

WHAT = "credentials"
_PASSWORD, _INITIAL, _PASSKEY, _BINDING = b"password", b"initial", b"passkey:", b"binding"
_SUBJECTS = "@subjects"  # no account is called so
MOST_PASSKEYS = 10
_PUT_KNOWN = Script(
    """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
)
"""Write a field that exists."""
KeyBytes = Annotated[bytes, msgspec.Meta(max_length=2048)]


class Passkey(Message, frozen=True, kw_only=True):
    """One passkey of one person. credential_id, public_key: as WebAuthn defines them. uses: its own counter; 0: it has none."""

    credential_id: KeyBytes
    public_key: KeyBytes
    name: Text
    uses: Count = 0
    added_ms: EpochMs

    @property
    def passkey_id(self) -> str:
        """Its name in paths: a digest of credential_id."""
        return sha256(self.credential_id).hexdigest()[:32]


class Credentials(Message, frozen=True, kw_only=True):
    """An account's credentials. initial: the password was set by another person, and only serves to choose a new one."""

    password_hash: Text | None = None
    initial: bool = False
    binding: Binding | None = None
    passkeys: Annotated[tuple[Passkey, ...], msgspec.Meta(max_length=MOST_PASSKEYS)] = ()


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """Keeps credentials in Redis. Every method raises Unavailable when Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def of(self, user_id: str) -> Credentials:
        """The credentials of the account; empty ones for an unknown account."""
        with redis_edge(WHAT):
            found: dict[Any, Any] = await self.client.hgetall(self._key(user_id))
        return Credentials(
            password_hash=found[_PASSWORD].decode() if _PASSWORD in found else None,
            initial=found.get(_INITIAL) == b"1",
            binding=msgspec.json.decode(found[_BINDING], type=Binding) if _BINDING in found else None,
            passkeys=tuple(
                msgspec.json.decode(value, type=Passkey)
                for field, value in sorted(found.items())
                if field.startswith(_PASSKEY)
            ),
        )

    async def set_password(self, user_id: str, password_hash: str, *, initial: bool) -> None:
        """Replace the account's password hash. initial: another person chose this password; it serves only to choose one's
        own."""
        fields: dict[Any, Any] = {"password": password_hash, "initial": str(int(initial))}
        with redis_edge(WHAT):
            await self.client.hset(self._key(user_id), mapping=fields)

    async def put_passkey(self, user_id: str, passkey: Passkey) -> None:
        """Add a passkey."""
        with redis_edge(WHAT):
            await self.client.hset(
                self._key(user_id), _PASSKEY.decode() + passkey.passkey_id, msgspec.json.encode(passkey)
            )

    async def used_passkey(self, user_id: str, passkey: Passkey) -> bool:
        """Update a passkey's counter of uses. Returns False, and does nothing, when it was removed meanwhile."""
        arguments: list[Argument] = [_PASSKEY.decode() + passkey.passkey_id, msgspec.json.encode(passkey)]
        (done,) = await _PUT_KNOWN.run(self.client, WHAT, [([self._key(user_id)], arguments)])
        return bool(done)

    async def remove_passkey(self, user_id: str, passkey_id: str) -> bool:
        """Delete one passkey of the account. Returns False when it has none of this id."""
        with redis_edge(WHAT):
            return bool(await self.client.hdel(self._key(user_id), _PASSKEY.decode() + passkey_id))

    async def bind(self, user_id: str, binding: Binding) -> bool:
        """Bind the account to this subject, instead of any other; a password that somebody else chose is deleted. Returns False,
        and does nothing, when the subject opens another account."""
        field = _subject_field(binding.issuer, binding.subject)
        if await self.user_of(binding.issuer, binding.subject) not in (None, user_id):
            return False
        initial = (await self.of(user_id)).initial
        with redis_edge(WHAT):
            await self.client.hset(self._key(_SUBJECTS), field, user_id)
            await self.client.hset(self._key(user_id), _BINDING.decode(), msgspec.json.encode(binding))
            if initial:
                await self.client.hdel(self._key(user_id), _PASSWORD.decode(), _INITIAL.decode())
        return True

    async def unbind(self, user_id: str) -> bool:
        """Let no subject open the account any more. Returns False when none did."""
        with redis_edge(WHAT):
            return bool(await self.client.hdel(self._key(user_id), _BINDING.decode()))

    async def user_of(self, issuer: str, subject: str) -> str | None:
        """The account that this subject opens; None: it opens none."""
        with redis_edge(WHAT):
            found: Any = await self.client.hget(self._key(_SUBJECTS), _subject_field(issuer, subject))
        if found is None:
            return None
        binding = (await self.of(found.decode())).binding
        return found.decode() if binding is not None and binding.opens(issuer, subject) else None

    async def remove(self, user_id: str) -> None:
        """Delete all credentials of the account."""
        with redis_edge(WHAT):
            await self.client.delete(self._key(user_id))

    def _key(self, user_id: str) -> str:
        return f"{{{self.namespace}:credentials}}:{user_id}"


def _subject_field(issuer: str, subject: str) -> str:
    return sha256(f"{issuer}\n{subject}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AttemptStore:
    """Counts attempts by name, each count for a limited time. Every method raises Unavailable when Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def counted(self, names: list[str], for_ms: int) -> list[tuple[int, int]]:
        """Add one attempt to each name. Returns for each the count, this attempt included, and in how many ms it is reset.
        for_ms: how long a count lasts from its first attempt on."""
        keys = [self._key(name) for name in names]
        with redis_edge("attempts"):
            pipe = self.client.pipeline(transaction=False)
            for key in keys:
                pipe.incr(key)
                pipe.pexpire(key, for_ms, nx=True)
                pipe.pttl(key)
            found = await pipe.execute()
        return [(int(found[at]), int(found[at + 2])) for at in range(0, len(found), 3)]

    async def forget(self, names: list[str]) -> None:
        """Reset the counts of these names."""
        with redis_edge("attempts"):
            await asyncio.gather(*(self.client.delete(self._key(name)) for name in names))

    def _key(self, name: str) -> str:
        return f"{{{self.namespace}:attempts}}:{sha256(name.encode()).hexdigest()[:32]}"
