"""Decides whether the treaty that a policy names, or the Schengen Information System, allows telling its country. The treaties are
in law/tables/treaty.toml, the states of that system in law/tables/sis_states.toml.

A policy names its treaty by id, or in the words of its legal basis; both are checked against its country.

>>> treaty_fault("LU", None, "Benelux agreement of 2024 on ANPR, art. 3", home="BE")
'the Benelux agreement of 2024 binds BE and NL, not LU'
"""

from pipeline.law.abroad import SisStates, Treaty
from pipeline.law.book import the_book


def treaty_fault(
    country: str, treaty: str | None, legal_basis: str, *, home: str, at_ms: int | None = None
) -> str | None:
    """Why the treaty does not allow telling this country, in words; None when it does, or when `treaty` is None and the legal
    basis names no known treaty. An id that is not known is a fault.

    home: the country that tells. Both countries must be bound. at_ms: when, UTC; None: whenever the treaty is in force.
    """
    known = [rule for rule in the_book().rules() if isinstance(rule, Treaty)]
    ids = dict.fromkeys(rule.id for rule in known)
    if treaty is not None and treaty not in ids:
        return f"{treaty} is no treaty that is known; known are {', '.join(ids)}"
    meant = next(
        (rule for rule in known if (rule.is_meant(legal_basis) if treaty is None else rule.id == treaty)), None
    )
    if meant is None:
        return None
    unbound = meant.unbound(country, home)
    if unbound:
        bound = f"{', '.join(meant.binds[:-1])} and {meant.binds[-1]}"
        return f"the {meant.name} binds {bound}, not {' or '.join(unbound)}"
    if at_ms is not None and the_book().rule_at(Treaty, meant.country, at_ms, meant.id) is None:
        return f"the {meant.name} was not in force then"
    return None


def names_known_treaty(treaty: str | None, legal_basis: str) -> bool:
    """Whether a treaty that is known is named, by its id or in the words of the legal basis."""
    known = [rule for rule in the_book().rules() if isinstance(rule, Treaty)]
    return any(rule.id == treaty if treaty is not None else rule.is_meant(legal_basis) for rule in known)


def sirene_fault(country: str, *, home: str, at_ms: int | None = None) -> str | None:
    """Why a hit of the Schengen Information System cannot go to this country; None: it and home take part in that system.

    at_ms: when, UTC; None: at any time.

    >>> sirene_fault("GB", home="BE"), sirene_fault("FR", home="BE")
    ('GB takes no part in the Schengen Information System: it has no SIRENE bureau', None)
    """
    rules = [rule for rule in the_book().rules() if isinstance(rule, SisStates)]
    if at_ms is not None:
        held = {one.country: the_book().rule_at(SisStates, one.country, at_ms) for one in rules}
        rules = [rule for rule in held.values() if rule is not None]
    outside = [one for one in (country, home) if not any(one in rule.states for rule in rules)]
    if not outside:
        return None
    return f"{outside[0]} takes no part in the Schengen Information System: it has no SIRENE bureau"
