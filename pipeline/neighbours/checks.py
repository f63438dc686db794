"""Checks which policies may be accepted, and warns of policies and entries that have no effect. Pure."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from pipeline.neighbours.offences import OFFENCES, offence_of, same_offence
from pipeline.neighbours.treaties import names_known_treaty, sirene_fault, treaty_fault
from pipeline.plates.countries import country_fault
from schemas.reference import HotlistEntry, Policy, Zone
from schemas.topics import FORWARDS_KEPT_MS


def fault_of_policy(policy: Policy, home: str) -> tuple[str, str] | None:
    """Why the policy is refused: the field at fault, and the reason with the cure; None when the policy is accepted. home:
    our country."""
    if policy.country == home:
        return "country", f"{home} is our own country: there is nobody to forward to"
    fault = country_fault(policy.country)
    if fault:
        return "country", fault
    if policy.channel == "sirene" and (fault := sirene_fault(policy.country, home=home)):
        return "channel", fault
    if policy.expires_after_ms > FORWARDS_KEPT_MS:
        reason = f"a forward is kept for 7 days, in which it can be recalled: give at most {FORWARDS_KEPT_MS}"
        return "expires_after_ms", reason
    fault = treaty_fault(policy.country, policy.treaty, policy.legal_basis, home=home)
    return ("treaty" if policy.treaty else "legal_basis", fault) if fault else None


def fault_of_zone(zone: Zone, _home: str) -> tuple[str, str] | None:
    """Why the zone is refused: the field at fault, and the reason with the cure; None when it is accepted."""
    fault = country_fault(zone.country) if zone.country is not None else None
    return ("country", fault) if fault else None


def from_everywhere(policies: Iterable[Policy]) -> list[str]:
    """The ids of policies that name no zone and do not say `everywhere`. Such policies forward nothing until an operator asks for
    it (see asked_from_everywhere)."""
    return [policy.policy_id for policy in policies if not policy.zones and not policy.everywhere]


def asked_from_everywhere(policy: Policy) -> Policy:
    """The policy with `everywhere` set, because its operator asked for that. One that names zones is returned unchanged."""
    return policy if policy.zones else msgspec.structs.replace(policy, everywhere=True)


def told_of_policies(policies: Iterable[Policy], zones: Iterable[Zone]) -> Iterator[str]:
    """Yields a sentence for each doubtful point of the policies: one names no zone (so it forwards from everywhere, if it
    says so, or from nowhere), names a border zone that leads to another country, names directions that no zone tells, a
    category that is no offence on the list, or no treaty that is known."""
    zones = list(zones)
    by_id = {zone.zone_id: zone for zone in zones}
    for policy in policies:
        who = f"policy {policy.policy_id}"
        if not policy.zones:
            yield f"{who} names no zone: it forwards hits from {'everywhere' if policy.everywhere else 'nowhere'}"
        for zone in (by_id[name] for name in policy.zones if name in by_id):
            if zone.kind == "border" and zone.country not in (None, policy.country):
                yield (
                    f"{who} for {policy.country} names {zone.zone_id}, the border with {zone.country}: no way through it is"
                    f" the way to {policy.country}"
                )
        yield from _told_of_directions(policy, zones)
        for category in policy.categories:
            if offence_of(category) is None:
                yield f"{who}: category {category!r} is no offence of the list ({', '.join(OFFENCES)})"
        if policy.channel == "bilateral" and not names_known_treaty(policy.treaty, policy.legal_basis):
            yield f"{who}: its legal basis names no treaty that is known here, so nothing checks that it binds {policy.country}"


def _told_of_directions(policy: Policy, zones: Collection[Zone]) -> Iterator[str]:
    """Sentences about the zones in which nobody can tell whether a vehicle goes out to the policy's country or comes in from it,
    where the policy asks for that."""
    if not policy.directions:
        return
    who, known = f"policy {policy.policy_id} names directions, but", {zone.zone_id for zone in zones}
    asked = [
        zone for zone in zones if (zone.zone_id in policy.zones if policy.zones else zone.country == policy.country)
    ]
    blind = [zone for zone in asked if zone.outbound_heading_deg is None or zone.country is None]
    if len(blind) == len(asked) and known.issuperset(policy.zones):
        yield f"{who} no zone of it has both country and outbound_heading_deg: it forwards nothing"
    for zone in blind:
        lacks = "country" if zone.country is None else "outbound_heading_deg"
        yield f"{who} {zone.zone_id} has no {lacks}: nothing is forwarded from there"


def told_of_shared(entries: Iterable[HotlistEntry], policies: Collection[Policy]) -> Iterator[str]:
    """For each entry and each country that it is shared with, but to which no policy forwards it: a sentence with the
    reason. Looked at are list, category and channel of the policies, not their zones and other conditions, which depend on
    the hit."""
    for entry in entries:
        for country in entry.share_with:
            theirs = [policy for policy in policies if policy.country == country]
            who = f"entry {entry.entry_id} is shared with {country}, but"
            if entry.covert:
                yield f"{who} it is covert: its hits are its owner's alone, who tells {country} himself"
            elif not theirs:
                yield f"{who} no policy forwards anything there"
            elif not (theirs := [policy for policy in theirs if entry.hotlist in policy.lists]):
                yield f"{who} no policy for {country} names the list {entry.hotlist}"
            elif not (theirs := [policy for policy in theirs if takes_category(policy, entry.category)]):
                yield f"{who} no policy for {country} knows the category {entry.category!r}"
            elif not any(policy.channel == channel_of(entry) for policy in theirs):
                yield f"{who} no policy for {country} is of the channel {channel_of(entry)}"


def takes_category(policy: Policy, category: str) -> bool:
    """Whether the policy forwards this category of offence: one that names none forwards all."""
    return not policy.categories or any(same_offence(category, one) for one in policy.categories)


def channel_of(entry: HotlistEntry) -> str:
    """The channel by which a hit of this entry may be sent abroad: bilateral, sirene or none."""
    return channel(entry.hotlist, entry.origin)


def channel(hotlist: str, origin: str) -> str:
    """The channel by which a hit may be sent abroad; what came from another system is sent by that system's channel alone.

    >>> channel("stolen", "national"), channel("sis", "national"), channel("stolen", "interpol")
    ('bilateral', 'sirene', 'none')
    """
    if hotlist == "sis" or origin == "sis":
        return "sirene"
    return "bilateral" if origin == "national" else "none"
