"""A route of the API as data: name, rights, input and output. The application, the guard and the description are made from
it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import web

from pipeline.access import record
from pipeline.access.login import Session
from pipeline.access.rights import Allowed, Denied, Matter, Person, may
from pipeline.access.roles import Act
from pipeline.desks.house import House
from pipeline.desks.problems import bad_request, denied, not_found
from pipeline.desks.turns import Work
from pipeline.state.approval_store import Waiting
from schemas.base import Identifier, Message
from schemas.judgements import Consumer

PREFIX = "/api/v1"
APPROVAL = "Vigie-Approval"
T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "DELETE"]
Media = Literal[
    "application/json", "application/jsonl", "application/octet-stream", "image/jpeg", "text/csv", "text/event-stream", "text/plain"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAnswer:
    """A route's answer. value: its body, sent as JSON; None: it has none (204). count: how many items it holds, for the
    record. raw: a body that is not JSON."""

    value: object = None
    count: int | None = None
    status: int = 200
    raw: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an entry of the record names, beside what the path does. ids: names that are made of plates; on: all others."""

    on: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route. method and path: below PREFIX, with {names}. about: for people.

    act: the right that it needs; None: only a login, or nothing where it is public. entry: the kind of entry in the record;
    None: not recorded, but for refusals for want of a right. named: whether the path names something
    by an id that is made of a plate (ids), by another name (on), or by one that tells nothing (hidden). consumer: it is for systems
    that pull feeds, which prove themselves by a token or a client certificate, and for no person. fresh: only shortly after the
    person proved who he is. first: allowed also after a login with a password that another person set. identify: of a public route,
    the user_id that the request claims, for the record; None: that which the body names. names: what else it is about, for the
    record. secret: its answer is kept nowhere, not even for a repetition. most_bytes: of its body. work:
    what it does that is costly: it waits for its turn, and may be told to come again (503).
    """

    method: Method
    path: str
    about: str
    handle: "Callable[[Asked], Awaitable[RouteAnswer | web.StreamResponse]]"
    act: Act | None = None
    entry: record.Act | None = None
    named: Literal["on", "ids", "hidden"] = "on"
    consumer: bool = False
    public: bool = False
    identify: "Callable[[Asked], Awaitable[str]] | None" = None
    names: "Callable[[Asked], Awaitable[Named]] | None" = None
    fresh: bool = False
    first: bool = False
    secret: bool = False
    work: Work | None = None
    params: Mapping[str, Any] = field(default_factory=lambda: {"key": Identifier})
    query: type[Message] | None = None
    body: type[Message] | None = None
    most_bytes: int = 256 * 1024
    answer: Any = None
    media: Media = "application/json"

    @property
    def address(self) -> str:
        """The whole path as aiohttp takes it; a tile's name has several parts."""
        return PREFIX + self.path.replace("{tile}", "{tile:.+}")

    @property
    def repeats(self) -> bool:
        """Whether an idempotency key makes it be done once. What is only looked at may be looked at again."""
        return self.writes and self.act is not None and self.entry != "record" and not self.secret

    @property
    def writes(self) -> bool:
        """Whether the route changes something, or takes what may not stand in an address."""
        return self.method != "GET"


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request that the guard let in. person, session, token: of the person who is logged in. consumer: who pulls a feed, where
    `person` is how rights see it. claimed: who wants to log
    in, as the route's `identify` found. access_id: its entry in the record. approval: what the request names as a second person's
    word, as it was found. named: what the route's `names` found. allowed: by which the person was let see or do exactly this.
    plates: that the answer shows, as far as the route notes them for the record."""

    house: House
    request: web.Request
    route: Route
    now_ms: int
    params: Mapping[str, str]
    query: Message | None = None
    body: Message | None = None
    person: Person | None = None
    session: Session | None = None
    token: str | None = None
    consumer: Consumer | None = None
    claimed: str | None = None
    access_id: str | None = None
    approval: Waiting | None = None
    named: Named = Named()
    allowed: Allowed | None = None
    plates: list[str] = field(default_factory=list)
    after: list[Callable[[web.StreamResponse], None]] = field(
        default_factory=list
    )  # what an answer gets besides: cookies

    @property
    def key(self) -> str:
        """The key of the item that the path names."""
        return self.params["key"]

    @property
    def somebody(self) -> Person:
        """The person who asks, or what rights take a consumer for, on a route that is not public."""
        assert self.person is not None, "a route that is not public has somebody"
        return self.person

    @property
    def own_session(self) -> Session:
        """The session of the request, on a route that is neither public nor for consumers."""
        assert self.session is not None, "a route that is not public has a session"
        return self.session

    @property
    def own_consumer(self) -> Consumer:
        """The consumer that asks, on a route for consumers."""
        assert self.consumer is not None, "a route for consumers has one"
        return self.consumer

    def given(self, kind: type[T]) -> T:
        """The body, or the query, as this type."""
        found = self.body if isinstance(self.body, kind) else self.query
        assert isinstance(found, kind), f"the route takes no {kind.__name__}"
        return found

    def check(self, matter: Matter, act: Act | None = None) -> Allowed:
        """The right by which the person may do this to the matter. Raises Problem when there is none."""
        answer = self.may(matter, act)
        if isinstance(answer, Denied):
            raise denied(answer)
        self.allowed = answer
        return answer

    def may(self, matter: Matter, act: Act | None = None) -> Allowed | Denied:
        """The result of `pipeline.access.rights.may` for the person who asks. act: the route's, unless given."""
        wanted = act or self.route.act
        assert wanted is not None, "a route without an act has nothing to ask for"
        return may(self.somebody, wanted, matter, self.now_ms)

    def cursor(self, text: str | None, kind: type[T], use: str) -> T | None:
        """The position in a cursor that an earlier answer gave this person for the same use; None for no text. Raises
        Problem for any other text."""
        if text is None:
            return None
        content = self.house.seal.open(f"cursor {use} {self.somebody.user_id}", text)
        if content is None:
            raise bad_request("this cursor was not given to you for this", "cursor")
        if kind is int:
            return kind(content)  # type: ignore[call-arg]  # kind is int here
        return msgspec.json.decode(content, type=kind)

    def next_cursor(self, position: object, use: str) -> str:
        """A cursor with this position, for this person and this use. All numbers give cursors of one length, which would tell how
        much there was that this person may not see."""
        content = b"%020d" % position if isinstance(position, int) else msgspec.json.encode(position)
        return self.house.seal.seal(f"cursor {use} {self.somebody.user_id}", content)


def found(value: T | None) -> T:
    """The value. Raises Problem (not found) where it is None."""
    if value is None:
        raise not_found()
    return value
