"""Checks whether a forward follows from its alert and the policies, before liaison signs it. Pure.

What is in the topic forwards is not trusted. The forward is made again from the alert and the reference data, as they were
at the capture or are now, and must agree with the one that is made so. A later hit of a case must name the id of such a forward
of the same case, vehicle and country; whether that was sent is asked elsewhere. A recall must name the id of such a forward,
and either the alert was withdrawn, or at some moment since then no policy allowed the forward.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.neighbours.policy import OPTIONAL, AllowedForward, each_said, forward_id_of
from pipeline.neighbours.recalls import TERMS, again_id_of, case_of, correction_id_of, terms_of
from schemas import ids
from schemas.base import Country
from schemas.outcomes import Alert, Forward, Withdrawal
from schemas.reference import Camera, Policy, Zone


@dataclass(frozen=True, slots=True)
class Known:
    """The reference data as it was at one moment, by id."""

    policies: Mapping[str, Policy]
    cameras: Mapping[str, Camera]
    zones: Mapping[str, Zone]


def fault_of_hit(forward: Forward, alert: Alert, known: Iterable[Known], home: Country) -> str | None:
    """Why a forward of kind hit, or of kind correction (a later hit of a case), does not follow from its alert; None: it does.
    known: several states of the reference data; the forward need agree with one of them only."""
    if forward.kind == "recall":
        return "it is a recall"
    allowed = _allowed(alert, forward.to_country, known, home)
    if not allowed:
        return f"no policy lets this alert through to {forward.to_country}"
    if forward.kind == "correction":  # a later hit of a case, sent as an update of the first
        allowed = [(policy, one) for policy, one in allowed if policy.per_case and forward.refers_to is not None]
    elif forward.refers_to is not None:
        return "a hit refers to no other forward"
    faults = [_difference(forward, made) for _, made in allowed]
    if not faults:
        return "no policy allows one message a case, which it says it updates"
    return None if None in faults else faults[0]


def fault_of_update(update: Forward, alert: Alert, first: Alert, known: Iterable[Known], home: Country) -> str | None:
    """Why a later hit of a case is no update of the forward that it refers to; None: it is one. alert: its own. first: the alert
    that it says that forward was made of. known: as for fault_of_hit, of that alert."""
    named = _ids_of(first, update.to_country)
    if update.refers_to not in named or update.forward_id in named:
        return "it refers to another forward than the one that the alert named with it leads to"
    if case_of(alert) != case_of(first):
        return "it refers to a forward of another case or vehicle"
    if not any(policy.per_case for policy, _ in _allowed(first, update.to_country, known, home)):
        return "it refers to a forward that no policy allowed one message a case"
    return None


def fault_of_correction(correction: Forward, alert: Alert, known: Iterable[Known], home: Country) -> str | None:
    """Why the correction of a forward's terms does not follow from its alert and the policies; None: it does. known: the reference
    data at the capture, and at each change of policies since."""
    named, states = correction.refers_to, list(known)
    if named is None or named not in _ids_of(alert, correction.to_country):
        return "it corrects another forward than the one that this alert leads to"
    allowed = [made for _, made in _allowed(alert, correction.to_country, states, home)]
    if not any(correction.forward_id == correction_id_of(named, made) and terms_of(correction) == terms_of(made)
               for made in allowed):  # fmt: skip
        return "no policy ever allowed the forward under these terms"
    faults = [_difference(correction, made, besides=TERMS) for made in allowed]
    return None if None in faults else faults[0]


def fault_of_recall(
    recall: Forward,
    alert: Alert,
    withdrawal: Withdrawal | Alert | None,
    known: Iterable[Known],
    since: Sequence[Known],
    home: Country,
) -> str | None:
    """Why a recall does not follow from its alert; None: it does.

    withdrawal: of the alert, or its later revision that must be confirmed anew, if the recall names one. since: the
    reference data at each change of policies since the capture.
    """
    named = recall.refers_to
    if (
        named is None
        or named not in _ids_of(alert, recall.to_country)
        or recall.forward_id != ids.forward_id(named, recall.to_country, "recall")
    ):
        return "it is not named after the forward that this alert leads to"
    told = _allowed(alert, recall.to_country, known, home, by_law=False)  # the law may have been another one then
    faults = [_difference(recall, made) for _, made in told]
    if None not in faults:
        return faults[0] if faults else f"no policy ever let this alert through to {recall.to_country}"
    if withdrawal is not None:
        return None if _takes_back(withdrawal, alert) else "the withdrawal that it names is that of something else"
    if all(_allowed(alert, recall.to_country, (moment,), home) for moment in since):
        return "its alert was not withdrawn, and a policy has allowed it ever since"
    return None


def _ids_of(alert: Alert, country: Country) -> tuple[str, str]:
    """The id of the alert's forward, and that under which it is told again (see recalls.told_again)."""
    made = forward_id_of(alert, country)
    return made, again_id_of(made, country)


def _takes_back(message: Withdrawal | Alert, alert: Alert) -> bool:
    """Whether this message withdraws the alert, or says that it must be confirmed anew."""
    if isinstance(message, Withdrawal):
        return message.kind == "alert" and message.id == alert.alert_id
    return message.alert_id == alert.alert_id and message.confirm and message.revision > alert.revision


def _allowed(
    alert: Alert, country: Country, known: Iterable[Known], home: Country, *, by_law: bool = True
) -> list[tuple[Policy, Forward]]:
    """The forwards of this alert to the country that each state of the reference data gives, each with its policy. by_law: see
    policy.told_abroad."""
    found = []
    for one in known:
        at_ms = alert.read.captured_at_ms  # whether it has expired is asked elsewhere
        for told in each_said(alert, one.policies.values(), one.cameras, one.zones, at_ms, home, by_law=by_law):
            if isinstance(told.said, AllowedForward) and told.country == country:
                found.append((one.policies[told.said.policy_id], told.said.forward))
    return found


_OWN = ("forward_id", "kind", "refers_to", "created_at_ms", "alert_at", "first_at", "withdrawn_at")
"""What a forward says of itself; all else is what it says of the vehicle, and under which rule."""


def _difference(forward: Forward, made: Forward, besides: Collection[str] = ()) -> str | None:
    """The first field in which the forward differs from the one that was made again; None: none does. A recall may leave out what
    the law did not let the neighbour be told. besides: fields that are not looked at, because it corrects them."""
    own = {*_OWN, *besides} | ({"expires_at_ms"} if besides or forward.kind == "recall" else set())
    if forward.incident_id is None:  # made before forwards named it
        own.add("incident_id")
    named = {made.forward_id, again_id_of(made.forward_id, made.to_country)}
    if not besides and forward.kind != "recall" and forward.forward_id not in named:
        return "its id is not the one that alert and country give"
    names = Forward.__struct_fields__
    unsaid = {name for name in OPTIONAL if forward.kind == "recall" and getattr(forward, name) is None}
    wrong = (name for name in names if name not in own | unsaid and getattr(forward, name) != getattr(made, name))
    name = next(wrong, None)
    return None if name is None else f"its {name} is not what alert, entry and policy give"
