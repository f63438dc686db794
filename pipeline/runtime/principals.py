"""The table of rights: for each process its principal, the topics and groups that it may use on Kafka, and its keys in
Redis.

What is not in the table is denied. `pipeline.runtime.kafka_access` and `redis_access` make accounts of it;
tests/contract/test_principals.py compares it with the agents; docs/principals.md is made from it by ``python -m
pipeline.runtime.principals_page``.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.runtime.redis_memory import LINKS, LOOKS, RECORD_KEYS, Memory, collection
from schemas.topics import (
    ACCESSES,
    ACTIONS,
    ALERTS,
    ALERTS_COVERT,
    CAMERA_HEALTH,
    CHECKPOINTS,
    DEAD_LETTERS,
    FORWARDS,
    FRAMES,
    INCIDENTS,
    JUDGEMENTS,
    READS,
    RECEIPTS,
    TOPICS,
    TRACKS,
    VIOLATIONS,
    Topic,
)

ADMIN = "admin"
"""Makes topics and accounts. The one user whose name bears no namespace: there is one for a whole Kafka or Redis."""

COLLECTIONS = ("cameras", "sections", "zones", "hotlist", "lists", "policies", "exclusions", "watches")
"""The reference collections, as pipeline.state.collections names them."""
PEOPLE = ("users", "designations", "desks", "signing_keys")
"""Those that say who works with the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One process's rights. describes: topics whose partitions it may list, besides those that it reads and writes.

    joins: whether it may join the consumer group NAMESPACE-NAME. configs: whether it may read the settings of the topics
    that it reads or that `describes` names.
    """

    name: str
    about: str
    reads: tuple[Topic[Any], ...] = ()
    writes: tuple[Topic[Any], ...] = ()
    describes: tuple[Topic[Any], ...] = ()
    joins: bool = False
    configs: bool = False
    keys: tuple[Memory, ...] = ()

    def user(self, namespace: str) -> str:
        """The principal's user name on Kafka and Redis."""
        return user_of(self.name, namespace)


def user_of(name: str, namespace: str) -> str:
    """The user name on Kafka and Redis of a principal: NAMESPACE-NAME; the admin's is the same in every namespace."""
    return ADMIN if name == ADMIN else f"{namespace}-{name}"


def _agent(
    name: str,
    about: str,
    source: Topic[Any],
    *outputs: Topic[Any],
    keys: tuple[Memory, ...] = (),
    follows: tuple[str, ...] = (),
    also: tuple[Topic[Any], ...] = (),
    looks_up: tuple[Topic[Any], ...] = (),
    watched: bool = True,
) -> Principal:
    """The rights of an agent: reads its source as a group, writes its outputs and dead letters, and uses its keys in Redis, among
    them the marks of pipeline.state.witness. also: further sources. looks_up: topics of which it reads single records, or what its
    memory has lost. watched: False for an agent without such marks."""
    marked = (name, *(f"{name}.{topic.name}" for topic in also)) if keys and watched else ()
    marks = tuple(Memory(pattern=f"{{NS:witness}}:{one}", kinds=("hash",)) for one in marked)
    return Principal(
        name=name,
        about=about,
        reads=(source, *also, *looks_up),
        writes=(*outputs, DEAD_LETTERS),
        joins=True,
        keys=(*keys, *(collection(followed) for followed in follows), *marks),
    )


def _string(pattern: str) -> Memory:
    return Memory(pattern=pattern, kinds=("string",))


_ACCOUNTS = (
    Memory(pattern="{NS:credentials}:*", kinds=("hash",)),
    Memory(pattern="{NS:sessions}:*", kinds=("string", "hash")),
)
"""How persons prove who they are, and who is logged in."""

WAITING, FEED_MARKS, HEALTH, OUTBOX = (
    Memory(pattern=f"{{NS:{name}}}:*", kinds=("hash",)) for name in ("waiting", "feeds", "health", "outbox")
)
"""Who knocked at a gateway and was not let in; what consumers of feeds acknowledged; what each camera usually sends, and what is
wrong with which; what waits for neighbours that pull, and what neighbours say later of what they took."""

SIGHTS = Memory(pattern="{NS:sights*", kinds=("string", "sortedset"))
"""Where vehicles were seen lately, under pseudonyms."""

PRINCIPALS: tuple[Principal, ...] = (
    _agent(
        "decode",
        "finds plates in pictures",
        FRAMES,
        TRACKS,
        keys=(Memory(pattern="NS:spent:*", kinds=("sortedset",)),),
        follows=("cameras",),
    ),
    _agent("ocr", "reads plates", TRACKS, READS),
    _agent(
        "hotlist",
        "matches reads",
        READS,
        ALERTS,
        ALERTS_COVERT,
        keys=(
            Memory(pattern="{NS:alerts:*", kinds=("string", "hash", "set")),
            Memory(pattern="{NS:alerted}:*", kinds=("set",)),
        ),
        follows=("cameras", "zones", "hotlist", "lists", "exclusions", "watches"),
        looks_up=(ALERTS,),
    ),
    _agent("copied_plates", "finds copied plates", READS, ALERTS, keys=(SIGHTS,), follows=("cameras", "exclusions")),
    _agent(
        "section_control",
        "proves average speeds",
        READS,
        VIOLATIONS,
        keys=(Memory(pattern="{NS:section}:*", kinds=("hash", "set", "sortedset", "list")),),
        follows=("cameras", "sections"),
        looks_up=(VIOLATIONS,),
        watched=False,
    ),
    _agent(
        "cross_border",
        "decides what a neighbour is told",
        ALERTS,
        FORWARDS,
        keys=(
            _string("{NS:seen:forwarded:*"),
            Memory(pattern="{NS:forwards:*", kinds=("string", "hash", "sortedset")),
        ),
        follows=("cameras", "zones", "policies"),
        looks_up=(FORWARDS,),
    ),
    _agent(
        "liaison",
        "checks, signs and delivers forwards",
        FORWARDS,
        RECEIPTS,
        keys=(
            _string("{NS:seen:forwards:*"),
            _string("{NS:deliveries:*"),
            OUTBOX,
            Memory(pattern="{NS:forwards:recalled:*", kinds=("string",), writes=False),
        ),
        follows=("cameras", "zones", "policies", "hotlist"),
        looks_up=(ALERTS, ACTIONS, RECEIPTS),
    ),
    _agent(
        "incidents",
        "keeps what persons do about alerts",
        ACTIONS,
        INCIDENTS,
        ALERTS,
        keys=(
            Memory(pattern="{NS:incident:*", kinds=("hash",)),
            Memory(pattern="{NS:incidents}:*", kinds=("string", "sortedset")),
        ),
        follows=("cameras", "zones", "desks"),
        also=(ALERTS, RECEIPTS),
        looks_up=(INCIDENTS,),
    ),
    _agent(
        "health",
        "learns what cameras usually send, and says which are not well",
        READS,
        CAMERA_HEALTH,
        keys=(HEALTH,),
        follows=("cameras",),
        watched=False,
    ),
    _agent("audit", "keeps and signs the record's log", ACCESSES, CHECKPOINTS, keys=(_string("{NS:record}:key:*"),)),
    Principal(
        name="retention",
        about="`vigie retention`: deletes pictures whose time is over, and holds those of open cases",
        reads=(ALERTS, INCIDENTS, VIOLATIONS, JUDGEMENTS),
        joins=True,
    ),
    Principal(
        name="camera",
        about="sends what cameras took: `vigie replay`, gateways",
        writes=(FRAMES, READS, ACCESSES),
        keys=(collection("cameras"), RECORD_KEYS),
    ),
    Principal(
        name="gateway",
        about="`vigie gateway serve`: takes what makers' cameras send",
        writes=(READS, FRAMES, DEAD_LETTERS),
        keys=(collection("cameras"), collection("senders"), WAITING, LINKS, LOOKS, _string("{NS:passages}:*")),
    ),
    Principal(
        name="simulator",
        about="`vigie simulate`: sends simulated reads, and loads their network's reference data",
        writes=(READS, ACCESSES),
        describes=(FRAMES,),
        keys=(*(collection(name, writes=True) for name in COLLECTIONS), RECORD_KEYS),
    ),
    Principal(
        name="dead_letters",
        about="`vigie dead-letters`: looks at what could not be processed, and sends it back where it came from",
        reads=(DEAD_LETTERS,),
        writes=(FRAMES, TRACKS, READS, ALERTS, FORWARDS, ACCESSES),
        keys=(Memory(pattern="{NS:dead-letters}:settled", kinds=("hash",)), RECORD_KEYS),
    ),
    Principal(
        name="tail",
        about="`vigie tail`: shows what flows, but the record and covert alerts",
        reads=tuple(topic for topic in TOPICS if topic not in (ACCESSES, ALERTS_COVERT)),
        writes=(ACCESSES,),
        keys=(RECORD_KEYS,),
    ),
    Principal(
        name="look_back",
        about="`vigie look-back`, `vigie hotlist look-back`: looks entries up in past reads, and has them decided",
        reads=(READS,),
        writes=(READS, ACCESSES),
        keys=(*map(collection, ("cameras", "zones", "hotlist", "watches")), _string("{NS:look_back}:*"), RECORD_KEYS),
    ),
    Principal(
        name="covert",
        about="`vigie tail covert`: shows an owner the covert alerts that his key opens",
        reads=(ALERTS_COVERT,),
        writes=(ACCESSES,),
        keys=(RECORD_KEYS,),
    ),
    Principal(
        name="operator",
        about="reference data (`vigie cameras`, `hotlist`, ...), `vigie users`, `vigie topics list`, `vigie doctor`",
        writes=(ACCESSES,),
        describes=tuple(topic for topic in TOPICS if topic is not ALERTS_COVERT),
        configs=True,
        keys=(
            *(collection(name, writes=True) for name in (*COLLECTIONS, *PEOPLE, "senders", "consumers")),
            *_ACCOUNTS,
            WAITING,
            FEED_MARKS,
            Memory(pattern=HEALTH.pattern, kinds=HEALTH.kinds, writes=False),
            Memory(pattern=LINKS.pattern, kinds=LINKS.kinds, writes=False),
            LOOKS,
            RECORD_KEYS,
        ),
    ),
    Principal(
        name="desks",
        about="`vigie desks`: what persons see and change, in their browsers",
        reads=(ALERTS, ALERTS_COVERT, VIOLATIONS, INCIDENTS, JUDGEMENTS, FORWARDS, RECEIPTS, READS),
        writes=(ACTIONS, ALERTS_COVERT, JUDGEMENTS, ACCESSES),
        keys=(
            *(collection(name, writes=True) for name in (*COLLECTIONS, *PEOPLE, "senders")),
            collection("consumers"),
            *_ACCOUNTS,
            WAITING,
            FEED_MARKS,
            Memory(pattern=HEALTH.pattern, kinds=HEALTH.kinds, writes=False),
            OUTBOX,
            Memory(pattern="{NS:attempts}:*", kinds=("string",)),
            Memory(pattern="{NS:approvals}:*", kinds=("hash",)),
            Memory(pattern="{NS:answers}:*", kinds=("string",)),
            RECORD_KEYS,
        ),
    ),
    Principal(
        name="auditor",
        about="asks for checkpoints of the record, and finds who asked for a plate",
        reads=(CHECKPOINTS,),
        writes=(ACCESSES,),
        keys=(RECORD_KEYS,),
    ),
)
"""All but the admin, who may everything."""

BY_NAME = {principal.name: principal for principal in PRINCIPALS}
NAMES = (*BY_NAME, ADMIN)
