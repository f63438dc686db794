"""Decides whether a person may do an act now: one pure function. A denial names the rule, its article, and what would permit
the act."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from pipeline.access.approvals import Approval, serves
from pipeline.access.roles import ACCOUNTABILITY, CONSULTING, GIVING, RIGHTS, Act, Right
from schemas.people import Designation, Role, User
from schemas.reads import Network, Purpose
from schemas.reference import HotList


@dataclass(frozen=True, slots=True)
class Person:
    """An account and designations, in force or not. Of these, rights look at the account's own alone."""

    user: User
    designations: tuple[Designation, ...] = ()

    @property
    def user_id(self) -> str:
        """The account's name."""
        return self.user.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What an act concerns, as far as rights depend on it.

    zones: in which it lies. purposes: which it may serve. Where these, network or hotlist are None, they are not known, and
    a designation that is bound to such a thing does not cover the matter. covert_owner: the only service that may know of
    it; None: it is not covert. concerns: the person whose account, rights or signing key it is about; None: nobody's. digest: of
    exactly what would be done, for acts that need two persons.
    """

    zones: frozenset[str] | None = None
    network: Network | None = None
    hotlist: HotList | None = None
    purposes: tuple[Purpose, ...] | None = None
    covert_owner: str | None = None
    seen_by: frozenset[str] | None = None  # the designations that alone may see it; None: its list names none
    concerns: str | None = None
    digest: str | None = None
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """The act is permitted, in this role, by this designation."""

    role: Role
    designation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The act is denied. rule: short and stable. article: of the law that it rests on. permits: what would permit it, for a
    person."""

    rule: str
    article: str
    permits: str


@dataclass(frozen=True, slots=True)
class _Asked:
    person: Person
    act: Act
    matter: Matter
    at_ms: int
    designation: Designation
    right: Right


def may(person: Person, act: Act, matter: Matter, at_ms: int) -> Allowed | Denied:
    """Whether the person may do this at at_ms (UTC). One designation that permits it is enough; otherwise the denial of the
    one that came nearest is returned."""
    return _may(person, act, matter, at_ms, _RULES)


def may_with_another(person: Person, act: Act, matter: Matter, at_ms: int) -> Allowed | Denied:
    """As `may`, but for the approval of a second person, which is not asked for: who asks for an approval, or gives it, must have
    every other right to it."""
    return _may(person, act, matter, at_ms, _OF_ONE)


def _may(person: Person, act: Act, matter: Matter, at_ms: int, rules: Sequence["_Rule"]) -> Allowed | Denied:
    if person.user.disabled:
        return Denied(rule="account", article=ACCOUNTABILITY, permits="an administrator enables the account again")
    asked = [
        _Asked(person, act, matter, at_ms, one, RIGHTS[one.role][act])
        for one in person.designations
        if one.user_id == person.user_id and act in RIGHTS[one.role]
    ]
    nearest, got = _no_role(act), -1
    for one in asked:
        failed = next((at for at, rule in enumerate(rules) if not rule.holds(one)), None)
        if failed is None:
            return Allowed(one.designation.role, one.designation.designation_id)
        if failed > got:
            nearest, got = rules[failed].denial, failed
    return nearest


def may_at_all(person: Person, act: Act, at_ms: int) -> Allowed | Denied:
    """Whether a designation in force at at_ms (UTC) gives the person this act, on whatever matter: zones, networks, lists and
    purposes are not looked at. Routes ask this before they look for the matter."""
    if person.user.disabled:
        return Denied(rule="account", article=ACCOUNTABILITY, permits="an administrator enables the account again")
    nearest, got = _no_role(act), -1
    for one in person.designations:
        if one.user_id != person.user_id or act not in RIGHTS[one.role]:
            continue
        asked = _Asked(person, act, Matter(), at_ms, one, RIGHTS[one.role][act])
        failed = next((at for at, rule in enumerate(_OF_TIME) if not rule.holds(asked)), None)
        if failed is None:
            return Allowed(one.role, one.designation_id)
        if failed > got:
            nearest, got = _OF_TIME[failed].denial, failed
    return nearest


def designations_at(person: Person, at_ms: int) -> tuple[Designation, ...]:
    """The person's designations in force at at_ms, with training that is valid; none while the account is disabled."""
    if person.user.disabled:
        return ()
    return tuple(one for one in person.designations if one.user_id == person.user_id and _in_force(one, at_ms))


@cache
def _no_role(act: Act) -> Denied:
    roles = [role.replace("_", " ") for role, acts in RIGHTS.items() if act in acts]
    return Denied(rule="role", article=ACCOUNTABILITY, permits=f"a designation as {' or '.join(roles)}")


def _in_force(one: Designation, at_ms: int) -> bool:
    return one.valid_from_ms <= at_ms < min(one.valid_until_ms, one.trained_until_ms)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One condition, and the denial where it is not met."""

    holds: Callable[[_Asked], bool]
    denial: Denied = field(repr=False)


def _rule(name: str, holds: Callable[[_Asked], bool], permits: str, article: str = CONSULTING) -> _Rule:
    return _Rule(holds, Denied(rule=name, article=article, permits=permits))


def _network_holds(asked: _Asked) -> bool:
    network = asked.matter.network
    return not asked.right.networks or (network is not None and network in asked.designation.networks)


def _list_holds(asked: _Asked) -> bool:
    hotlist = asked.matter.hotlist
    return not asked.right.lists or (hotlist is not None and hotlist in asked.designation.lists)


def _zones_hold(asked: _Asked) -> bool:
    one, zones = asked.designation, asked.matter.zones
    return not asked.right.zones or one.everywhere or bool(zones and zones & set(one.zones))


def _purpose_holds(asked: _Asked) -> bool:
    purpose, purposes = asked.right.purpose, asked.matter.purposes
    return purpose is None or (purposes is not None and purpose in purposes)


def _covert_holds(asked: _Asked) -> bool:
    owner = asked.matter.covert_owner
    return owner is None or owner == asked.person.user.service


def _seen_by_holds(asked: _Asked) -> bool:
    seen_by = asked.matter.seen_by
    return seen_by is None or asked.designation.designation_id in seen_by


def _second_holds(asked: _Asked) -> bool:
    matter = asked.matter
    if not asked.right.two:
        return True
    return matter.digest is not None and serves(
        matter.approval, asked.person.user_id, asked.act, matter.digest, asked.at_ms
    )


_OF_TIME: Sequence[_Rule] = (
    _rule("designation", lambda a: a.designation.valid_from_ms <= a.at_ms < a.designation.valid_until_ms,
          "a designation that holds now", ACCOUNTABILITY),
    _rule("training", lambda a: a.at_ms < a.designation.trained_until_ms,
          "the training that access asks for, done again", ACCOUNTABILITY),
)  # fmt: skip
_OF_ONE: Sequence[_Rule] = (
    *_OF_TIME,
    _rule("covert", _covert_holds, "nothing: it is known to its owner alone"),
    _rule("network", _network_holds, "a designation for the network of this camera"),
    _rule("zone", _zones_hold, "a designation for this zone"),
    _rule("list", _list_holds, "a designation for this list"),
    _rule("seen_by", _seen_by_holds, "one of the designations that the list of the wanted plate names"),
    _rule("purpose", _purpose_holds, "another purpose than this camera's reads may serve: nothing here"),
    _rule("own", lambda a: not a.right.own or a.matter.concerns == a.person.user_id, "nothing: it is another person's",
          ACCOUNTABILITY),
    _rule("self", lambda a: a.act not in GIVING or a.matter.concerns != a.person.user_id,
          "another administrator does it: nobody grants himself",
          ACCOUNTABILITY),
)  # fmt: skip
_RULES: Sequence[_Rule] = (
    *_OF_ONE,
    _rule("second_person", _second_holds, "the approval of a second person for exactly this", ACCOUNTABILITY),
)
"""In the order in which they are asked; the one that is reached last says best what is missing."""


def persons_of(users: Mapping[str, User], designations: Iterable[Designation]) -> dict[str, Person]:
    """All persons by user_id, each with all designations of that account; designations of unknown accounts are left out."""
    found: dict[str, list[Designation]] = {user_id: [] for user_id in users}
    for one in designations:
        if one.user_id in found:
            found[one.user_id].append(one)
    return {user_id: Person(users[user_id], tuple(own)) for user_id, own in found.items()}
