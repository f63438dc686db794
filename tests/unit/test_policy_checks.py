"""Which policies may be taken, and what is told at import of what leads nowhere."""

import msgspec
import pytest

from pipeline.neighbours.checks import (
    asked_from_everywhere,
    fault_of_policy,
    fault_of_zone,
    from_everywhere,
    told_of_policies,
    told_of_shared,
)
from tests.builders import make_entry, make_policy, make_zone


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"country": "BE"}, "country", "our own country"),
        ({"country": "UK"}, "country", "write GB"),
        ({"country": "LU", "legal_basis": "Benelux agreement of 2024"}, "legal_basis", "binds BE and NL, not LU"),
        ({"country": "FR", "treaty": "benelux-2018"}, "treaty", "not FR"),
        ({"country": "NL", "treaty": "benelux-1066"}, "treaty", "known are"),
        ({"country": "FR", "legal_basis": "Traité Bénélux de 2018"}, "legal_basis", "not FR"),
        ({"country": "FR", "legal_basis": "BENE\u200bLUX-verdrag"}, "legal_basis", "not FR"),
        ({"country": "NL", "legal_basis": "Tournai agreement"}, "legal_basis", "binds BE and FR, not NL"),
        ({"country": "NL", "legal_basis": "Akkoord van Doornik"}, "legal_basis", "binds BE and FR, not NL"),
        ({"country": "US", "channel": "sirene"}, "channel", "US takes no part in the Schengen Information System"),
        ({"country": "GB", "channel": "sirene"}, "channel", "GB takes no part"),
    ],
)
def test_a_policy_without_ground_is_refused_with_the_reason(fields: dict[str, str], field: str, words: str) -> None:
    """At the field that is wrong."""
    where, why = fault_of_policy(make_policy(**fields), "BE") or ("", "")
    assert field == where
    assert words in why


def test_a_policy_with_a_ground_is_taken() -> None:
    """Also by a neighbour's own platform, for which we are abroad."""
    assert fault_of_policy(make_policy("NL", legal_basis="Benelux agreement of 2024"), "BE") is None
    assert fault_of_policy(make_policy("BE", treaty="tournai-2013"), "FR") is None
    assert fault_of_policy(make_policy("IE", channel="sirene"), "BE") is None
    assert fault_of_policy(make_policy("NL", channel="sirene"), "GB") is not None


@pytest.mark.parametrize(("code", "why"), [("UK", "write GB"), ("EL", "write GR"), ("ZZ", "no ISO 3166-1 code")])
def test_a_zone_names_a_country_that_is_one(code: str, why: str) -> None:
    """With another code nothing would ever go out through it."""
    assert why in (fault_of_zone(make_zone("Z", kind="border", country=code), "BE") or ("", ""))[1]
    assert fault_of_zone(make_zone("Z", kind="border"), "BE") is None


def test_directions_that_no_zone_tells_are_told() -> None:
    """Country and way out are needed; a zone that lacks one forwards nothing, and where all do, nothing is forwarded at all."""
    whole = make_zone("A", kind="border", country="NL", outbound_heading_deg=45.0)
    no_way, no_country = (
        make_zone("B", kind="border", country="NL"), make_zone("C", kind="border", outbound_heading_deg=45.0)
    )  # fmt: skip
    policy = make_policy(zones=("A", "B", "C"), directions=("outbound",), treaty="benelux-2018")
    some = list(told_of_policies([policy], [whole, no_way, no_country]))
    assert ["B has no outbound_heading_deg", "C has no country"] == [
        one.split("but ")[1].partition(":")[0] for one in some
    ]
    none = list(told_of_policies([msgspec.structs.replace(policy, zones=("B", "C"))], [whole, no_way, no_country]))
    assert "forwards nothing" in none[0]
    assert 3 == len(none)


def test_a_legal_basis_that_names_no_known_treaty_is_told() -> None:
    """Nothing checks then that it binds the country."""
    told = list(
        told_of_policies([make_policy(legal_basis="Treaty of Enschede"), make_policy(treaty="benelux-2018")], ())
    )
    assert [True] == ["names no treaty that is known here" in one for one in told if "legal basis" in one]


def test_policies_that_forward_from_everywhere_are_named() -> None:
    """Somebody must have meant that."""
    policies = [make_policy("NL"), make_policy("FR", zones=("border-fr",))]
    assert ["NL-1"] == from_everywhere([msgspec.structs.replace(one, everywhere=False) for one in policies])
    assert [] == from_everywhere([asked_from_everywhere(one) for one in policies])
    assert "policy NL-1 names no zone: it forwards hits from everywhere" in list(told_of_policies(policies, ()))


def test_a_border_with_another_neighbour_and_an_unknown_offence_are_told() -> None:
    """Neither stops the platform; each is probably a mistake."""
    zone = make_zone("border-nl", kind="border", country="NL")
    told = list(told_of_policies([make_policy("FR", zones=("border-nl",), categories=("parking",))], [zone]))
    assert "the border with NL" in told[0]
    assert "'parking' is no offence of the list" in told[1]


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ((), "no policy forwards anything there"),
        ((make_policy(lists=("sis",)),), "names the list stolen"),
        ((make_policy(categories=("robbery",)),), "knows the category 'theft'"),
        ((make_policy(channel="sirene"),), "of the channel bilateral"),
        ((make_policy(channel="sirene"), make_policy(lists=("sis",))), "of the channel bilateral"),
        ((make_policy(),), None),
    ],
)
def test_an_entry_that_its_neighbour_will_never_hear_of_is_told(policies: tuple, words: str | None) -> None:  # type: ignore[type-arg]  # of policies
    """A hit that should go and never goes would be quiet otherwise."""
    told = list(told_of_shared([make_entry(share_with=("NL",))], policies))
    assert bool(words) == bool(told)
    assert words is None or words in told[0]
