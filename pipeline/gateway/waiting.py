"""Notes who knocks and is not let in, and tells the waiting room once a second, however often somebody knocks.

Who logs in by Digest sends each first request without a name, and is asked: so requests without a name wait here for a second, and
are not told where somebody from the same address has answered meanwhile.
"""

import asyncio
from collections import Counter

import msgspec
import structlog

from pipeline.errors import Unavailable
from pipeline.gateway.senders import Claim
from pipeline.state.waiting_room import LONGEST, MOST, Knock, Sample, WaitingRoom, Why
from schemas.senders import Sender

log = structlog.get_logger()
EVERY_S = 1.0
SAMPLED_MS = 3_600_000
"""So long after a sample of one name no other is taken."""
MOST_SAMPLES, MOST_SAMPLES_OF_PEER = 20, 2
"""Samples that a gateway takes in a second: of all, of one address."""
MOST_OF_PEER = 200
"""The most new names that one address may give in a second: whoever invents names leaves room for others."""


class Knocks:
    """Collects the requests of senders that were not let in, and writes them to the waiting room once a second."""

    def __init__(self, room: WaitingRoom) -> None:
        self._room = room
        self._new: dict[str, Knock] = {}
        self._of_peer: Counter[str] = Counter()  # names
        self._waited: set[str] = set()  # without a name, and noted before the last time that was told
        self._sampled: dict[str, int] = {}  # when a sample was taken, by name, the first first
        self._asked = Counter[str]()  # samples that were taken in this second

    def wants_sample(self, claim: Claim | None, peer: str, now_ms: int) -> bool:
        """Whether a sample of what this one sends is to be taken: none was for SAMPLED_MS, and few were in this second. It takes
        time, so it is asked for also where there is a sender of this name: nobody can tell by the time which names there are.
        Arguments as of `note`."""
        if now_ms - self._sampled.get(_name_of(claim, peer), -SAMPLED_MS) < SAMPLED_MS:
            return False
        if self._asked[peer] >= MOST_SAMPLES_OF_PEER or self._asked.total() >= MOST_SAMPLES:
            return False
        self._asked[peer] += 1
        return True

    def note(
        self,
        claim: Claim | None,
        sender: Sender | None,
        peer: str,
        program: str,
        now_ms: int,
        sample: Sample | None = None,
    ) -> None:
        """Note a request that was not let in. claim: who its sender says that he is; None: he says nothing. sender: the one
        of that name; None: there is none. peer: the network address; program: the User-Agent. sample: of what it sends; it is
        kept where there is no sender of that name."""
        name = _name_of(claim, peer)
        before = self._new.get(name)
        if before is None and (len(self._new) >= MOST or self._of_peer[peer] >= MOST_OF_PEER):
            return
        if before is None:
            self._of_peer[peer] += 1
        first_ms, count = (before.first_ms, before.count) if before is not None else (now_ms, 0)
        if sample is not None:
            self._sampled.pop(name, None)
            self._sampled[name] = now_ms
            while len(self._sampled) > MOST:
                del self._sampled[next(iter(self._sampled))]
        kept = sample or (before.sample if before is not None else None)
        self._new[name] = Knock(
            name=name, peer=_plain(peer), why=_why(claim, sender), program=_plain(program), first_ms=first_ms,
            last_ms=now_ms, count=count + 1,
            sample=kept if sender is None else None,
        )  # fmt: skip

    def answered(self, peer: str) -> None:
        """Note that somebody at this address has answered what he was asked: a request without a name from there was his."""
        name = _nameless(peer)
        if (before := self._new.get(name)) is None:
            return
        if before.count > 1:
            self._new[name] = msgspec.structs.replace(before, count=before.count - 1)
        else:
            del self._new[name]

    def due(self) -> dict[str, Knock]:
        """What is to be told now, by name, which is noted no longer."""
        nameless = {name for name, one in self._new.items() if one.why == "no_password"}
        told = {name: one for name, one in self._new.items() if name not in nameless or name in self._waited}
        self._new = {name: one for name, one in self._new.items() if name not in told}
        self._waited = nameless - told.keys()
        self._of_peer.clear()
        self._asked.clear()
        return told

    async def run(self) -> None:
        """Write what was noted to the waiting room, until cancelled. While Redis is away it is kept, at most MOST names."""
        while True:
            await asyncio.sleep(EVERY_S)
            if not (told := self.due()):
                continue
            try:
                await self._room.add(list(told.values()))
            except Unavailable as error:
                log.warning("gateway.waiting_room", cause=str(error))
                for name, one in told.items():
                    if name not in self._new and len(self._new) >= MOST:
                        continue
                    newer = self._new.get(name, msgspec.structs.replace(one, count=0))
                    self._new[name] = msgspec.structs.replace(
                        newer, first_ms=one.first_ms, count=newer.count + one.count, sample=newer.sample or one.sample
                    )


def _name_of(claim: Claim | None, peer: str) -> str:
    return _plain(claim.sender_id) if claim is not None else _nameless(peer)


def _nameless(peer: str) -> str:
    return f"from {_plain(peer)}"


def _why(claim: Claim | None, sender: Sender | None) -> Why:
    if claim is None:
        return "no_password"
    if sender is None:
        return "unknown_sender"
    return "not_by_address" if claim.by == "address" and not sender.by_address else "wrong_password"


def _plain(text: str) -> str:
    """Printable, and short: it came from anybody."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST]) or "-"
