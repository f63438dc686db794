"""Decides whether the treaty that a policy names allows telling its country. The treaties are in law/tables/treaty.toml.

A policy names its treaty by id, or in the words of its legal basis; both are checked against its country.

>>> treaty_fault("LU", None, "Benelux agreement of 2024 on ANPR, art. 3", home="BE")
'the Benelux agreement of 2024 binds BE and NL, not LU'
"""

from pipeline.law.book import the_book
from pipeline.law.kinds import Treaty


def treaty_fault(
    country: str, treaty: str | None, legal_basis: str, *, home: str, at_ms: int | None = None
) -> str | None:
    """Why the treaty does not allow telling this country, with the cure; None when it does, or when no known treaty is
    named.

    home: the country that tells. Both must be bound. at_ms: when, UTC; None: whenever the treaty is in force.
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
