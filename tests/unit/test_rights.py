"""Who may do what: the rules that no table and no combination of designations may break."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access.approvals import digest_of
from pipeline.access.rights import Allowed, Denied, Matter, Person, designations_at, may, may_at_all, persons_of
from pipeline.access.roles import ACTS, LIVE, RIGHTS, ROLES, SECOND, SHOWS_PLATES, Act
from schemas.people import Designation, Desk, Role
from tests.builders import NOON_MS
from tests.people import (
    ELSEWHERE,
    ZONE,
    make_approval,
    make_designation,
    make_matter,
    make_person,
    make_user,
)

DIGEST = digest_of("designations.grant", "D-1", b"{}")
ACT, ROLE = st.sampled_from(ACTS), st.sampled_from(ROLES)
PEOPLE = st.lists(ROLE, max_size=4, unique=True).map(lambda roles: make_person(*roles))


def rule_of(person: Person, act: Act, matter: Matter, at_ms: int = NOON_MS) -> str | None:
    """The rule that denies; None: allowed."""
    answer = may(person, act, matter, at_ms)
    return answer.rule if isinstance(answer, Denied) else None


def approved(act: Act, **fields: Any) -> Matter:
    """A matter that a second person approved, where the act asks for one, and one's own, where that is asked."""
    digest = digest_of(act, "D-1", b"{}")
    whose = {"concerns": "an.peeters"} if act.startswith("signing_keys.") and act not in SECOND else {}
    return make_matter(**({"digest": digest, "approval": make_approval(act, digest)} | whose | fields))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", ACTS)
def test_a_role_may_exactly_what_the_table_says(role: Role, act: Act) -> None:
    """With everything else as it must be, the table alone decides."""
    answer = may(make_person(role), act, approved(act), NOON_MS)
    assert (act in RIGHTS[role]) is isinstance(answer, Allowed)


def test_who_manages_accounts_sees_no_plate_and_who_audits_nothing_live() -> None:
    """Duties are separate."""
    assert set() == SHOWS_PLATES & set(RIGHTS["administrator"])
    assert set() == (SHOWS_PLATES | LIVE) & (set(RIGHTS["auditor"]) | set(RIGHTS["oversight"]))
    assert {"administrator"} == {role for role in ROLES if {"users.change", "designations.grant"} & set(RIGHTS[role])}


def test_whoever_may_read_the_record_may_change_nothing() -> None:
    """Only acts that end in `.see`."""
    for role in ROLES:
        if "record.see" in RIGHTS[role]:
            assert {"see"} == {act.partition(".")[2] for act in RIGHTS[role]}


def test_hits_of_a_list_that_names_designations_are_theirs_alone() -> None:
    """A dispatcher of the same zone, kind of list and purpose sees none; a list that names nobody is seen as any other."""
    person = make_person("dispatcher")
    own = person.designations[0].designation_id
    assert None is rule_of(person, "alerts.see", make_matter(seen_by=frozenset({own, "D-other"})))
    assert "seen_by" == rule_of(person, "alerts.see", make_matter(seen_by=frozenset({"D-other"})))
    assert None is rule_of(person, "alerts.see", make_matter(seen_by=None))


@given(PEOPLE, ACT, st.integers(0, 2 * NOON_MS))
def test_a_lapsed_designation_or_training_lets_nobody_do_anything(person: Person, act: Act, at_ms: int) -> None:
    """Its end is not included; nor does it hold before it begins."""
    allowed = isinstance(may(person, act, approved(act), at_ms), Allowed)
    assert not allowed or designations_at(person, at_ms)


@pytest.mark.parametrize("role", ROLES)
def test_a_designation_ends_with_its_day_or_with_the_training(role: Role) -> None:
    """The same refusal for each act that the role has; a millisecond before it is allowed."""
    for act in RIGHTS[role]:
        for field, rule in (("valid_until_ms", "designation"), ("trained_until_ms", "training")):
            person = make_person(role, **{field: NOON_MS})
            assert rule == rule_of(person, act, approved(act))
            assert isinstance(may_at_all(person, act, NOON_MS), Denied)
            assert None is rule_of(make_person(role, **{field: NOON_MS + 1}), act, approved(act), NOON_MS)


@given(PEOPLE, ACT)
def test_a_disabled_account_may_nothing(person: Person, act: Act) -> None:
    """Whatever it was designated for."""
    disabled = Person(make_user(disabled=True), person.designations)
    assert "account" == rule_of(disabled, act, approved(act))
    assert isinstance(may_at_all(disabled, act, NOON_MS), Denied)


@given(PEOPLE, ACT)
def test_what_another_was_designated_for_helps_nobody(person: Person, act: Act) -> None:
    """Only designations that name the person count."""
    stranger = Person(make_user("jan.claes"), person.designations)
    assert isinstance(may(stranger, act, approved(act), NOON_MS), Denied)


@given(PEOPLE, ACT, st.sampled_from(["zones", "network", "hotlist", "purposes", "digest"]))
def test_silence_gives_nothing(person: Person, act: Act, silent: str) -> None:
    """What a matter does not say can never make an act allowed that was denied."""
    whole = approved(act)
    fields = {name: getattr(whole, name) for name in Matter.__dataclass_fields__} | {silent: None}
    if isinstance(may(person, act, Matter(**fields), NOON_MS), Allowed):
        assert isinstance(may(person, act, whole, NOON_MS), Allowed)


@given(PEOPLE, ACT)
def test_an_empty_designation_reaches_nothing_that_is_bound(person: Person, act: Act) -> None:
    """No zones, networks or lists: none, and not all."""
    bare = Person(
        person.user, tuple(make_designation(one.role, zones=(), networks=(), lists=()) for one in person.designations)
    )
    answer = may(bare, act, approved(act), NOON_MS)
    if isinstance(answer, Allowed):
        right = RIGHTS[answer.role][act]
        assert (False, False, False) == (right.zones, right.networks, right.lists)


@given(PEOPLE, ROLE, ACT)
def test_one_more_designation_never_takes_anything_away(person: Person, role: Role, act: Act) -> None:
    """Rights add up; the order of designations does not count."""
    more = Person(person.user, (make_designation(role), *person.designations))
    if isinstance(may(person, act, approved(act), NOON_MS), Allowed):
        assert isinstance(may(more, act, approved(act), NOON_MS), Allowed)


@pytest.mark.parametrize(
    ("matter", "rule"),
    [
        ({"zones": frozenset({ELSEWHERE})}, "zone"),
        ({"zones": frozenset()}, "zone"),
        ({"network": "local"}, "network"),
        ({"hotlist": "sis"}, "list"),
        ({"purposes": ("lez",)}, "purpose"),
        ({"purposes": ()}, "purpose"),
        ({"covert_owner": "federal judicial police"}, "covert"),
    ],
)
def test_a_dispatcher_sees_the_alerts_of_the_designation_alone(matter: dict[str, Any], rule: str) -> None:
    """Another zone, network, list or purpose, or another service's covert entry, is denied by its rule."""
    assert rule == rule_of(make_person("dispatcher"), "alerts.see", make_matter(**matter))
    assert None is rule_of(make_person("dispatcher"), "alerts.see", make_matter())


def test_a_designation_for_everywhere_reaches_where_no_zone_is() -> None:
    """Only where it says so."""
    person = make_person("dispatcher", everywhere=True, zones=())
    assert None is rule_of(person, "alerts.see", make_matter(zones=frozenset()))


def test_the_owner_of_a_covert_entry_sees_it() -> None:
    """By the service that the person works for."""
    assert None is rule_of(make_person("investigator"), "alerts.see", make_matter(covert_owner="zone 5341"))


def test_nobody_grants_himself() -> None:
    """Not with a second person's help, and no message says otherwise."""
    person, digest = make_person("administrator"), DIGEST
    own = make_matter(concerns="an.peeters", digest=digest, approval=make_approval("designations.grant", digest))
    assert "self" == rule_of(person, "designations.grant", own)
    with pytest.raises(ValueError, match="nobody designates himself"):
        make_designation("dispatcher", granted_by="an.peeters")
    with pytest.raises(ValueError, match="nobody designates himself"):
        make_designation("dispatcher", approved_by="an.peeters")


@pytest.mark.parametrize("act", ["signing_keys.see", "signing_keys.enrol", "signing_keys.revoke"])
def test_a_magistrate_has_to_do_with_no_key_but_his_own(act: Act) -> None:
    """Nor with one of whom nobody knows whose it is."""
    assert None is rule_of(make_person("magistrate"), act, make_matter(concerns="an.peeters"))
    for concerns in ("jan.claes", None):
        assert "own" == rule_of(make_person("magistrate"), act, make_matter(concerns=concerns))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"digest": digest_of("designations.grant", "D-1", b"{ }")},
        {"digest": digest_of("designations.grant", "D-2", b"{}")},
        {"act": "policies.change"},
        {"asked_by": "jan.claes"},
        {"ends_ms": NOON_MS},
    ],
)
def test_an_approval_is_for_one_person_one_act_one_content_and_ends(wrong: dict[str, Any] | None) -> None:
    """Anything else about it is no approval."""
    person = make_person("administrator")
    given_ = {"act": "designations.grant", "digest": DIGEST}
    good = make_matter(digest=DIGEST, concerns="jan.claes", approval=make_approval(**given_))
    assert None is rule_of(person, "designations.grant", good)
    bad = None if wrong is None else make_approval(**(given_ | wrong))
    matter = make_matter(digest=DIGEST, concerns="jan.claes", approval=bad)
    assert "second_person" == rule_of(person, "designations.grant", matter)


def test_nobody_approves_what_he_asks() -> None:
    """The message itself refuses it."""
    with pytest.raises(ValueError, match="another person"):
        make_approval("policies.change", DIGEST, approved_by="an.peeters")


def test_every_act_of_two_persons_says_what_the_second_must_be() -> None:
    """An act without a line there could be approved by nobody, or by anybody."""
    two = {act for rights in RIGHTS.values() for act, right in rights.items() if right.two}
    assert two == set(SECOND)


@given(PEOPLE, ACT)
def test_what_may_be_done_may_be_done_at_all(person: Person, act: Act) -> None:
    """The quick question never refuses what the whole one allows."""
    if isinstance(may(person, act, approved(act), NOON_MS), Allowed):
        assert isinstance(may_at_all(person, act, NOON_MS), Allowed)


def test_a_denial_says_what_would_permit_the_act() -> None:
    """Rule, article and cure, for the nearest of several designations."""
    person = make_person("dispatcher", "auditor")
    denied = may(person, "alerts.see", make_matter(zones=frozenset({ELSEWHERE})), NOON_MS)
    assert isinstance(denied, Denied)
    assert ("zone", "a designation for this zone") == (denied.rule, denied.permits)
    assert "2016/680" in denied.article
    denied = may(make_person(), "alerts.see", make_matter(), NOON_MS)
    assert isinstance(denied, Denied)
    assert "a designation as dispatcher or investigator or liaison officer" == denied.permits


def test_designations_find_their_persons() -> None:
    """Those of nobody known are left out."""
    users = {"an.peeters": make_user()}
    own, strange = make_designation("dispatcher"), make_designation("dispatcher", "jan.claes")
    assert {"an.peeters": Person(make_user(), (own,))} == persons_of(users, [own, strange])


def test_a_desk_is_not_its_own_successor() -> None:
    """An alert would go round for ever."""
    with pytest.raises(ValueError, match="another desk"):
        Desk(desk_id="D", name="dispatch", zones=(ZONE,), lists=("stolen",), successor="D")


def test_a_designation_has_a_moment_in_it() -> None:
    """It ends after it begins."""
    with pytest.raises(ValueError, match="not after"):
        make_designation("auditor", valid_from_ms=NOON_MS, valid_until_ms=NOON_MS)
    assert isinstance(make_designation("auditor"), Designation)
