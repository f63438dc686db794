"""The route by which a policy is tried before it holds: what it would say of recent hits, beside what the present policies say."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated

import msgspec

from pipeline.access.rights import Allowed, Matter
from pipeline.desks.house import House
from pipeline.desks.problems import bad_request
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.neighbours.checks import fault_of_policy
from pipeline.neighbours.policy import AllowedForward, NotForwarded, Reason, told_abroad
from pipeline.state.collections import CAMERAS, POLICIES, ZONES
from schemas.base import AlertId, Count, EpochMs, Message, Plate, Text
from schemas.outcomes import Alert
from schemas.reference import HotList, Policy

MOST_LOOKED_AT, MOST_SHOWN = 5_000, 200


class Trial(Message, frozen=True, kw_only=True):
    """A policy as it would be. Nothing of it is stored."""

    policy: Policy


class TriedHit(Message, frozen=True, kw_only=True):
    """One hit of which something else is said to the country with the policy that is tried, or nothing for another reason. now: why
    nothing is sent as things are; then: why nothing would be sent; absent: it is, or would be, sent."""

    alert_id: AlertId
    plate: Plate
    hotlist: HotList
    captured_at_ms: EpochMs
    place: Text | None = None
    now: Reason | None = None
    then: Reason | None = None


class TrialShown(Message, frozen=True, kw_only=True):
    """What differs, the latest hits first. looked_at: hits that are shared with the policy's country and that this person may see;
    now, then: of how many the country is, and would be, told."""

    items: Annotated[tuple[TriedHit, ...], msgspec.Meta(max_length=MOST_SHOWN)]
    looked_at: Count
    now: Count
    then: Count


async def explain(asked: Asked) -> RouteAnswer:
    """Try a policy on the hits among the latest MOST_LOOKED_AT alerts in memory."""
    asked.check(Matter(), "policies.see")
    house, policy = asked.house, asked.given(Trial).policy
    if (fault := fault_of_policy(policy, house.home)) is not None:
        raise bad_request(f"{fault[0]}: {fault[1]}", "against_a_rule")
    looked_at = now = then = 0
    items: list[TriedHit] = []
    for alert in _alerts(asked, policy.country):
        policies = house.directory.of(POLICIES).as_of(alert.read.captured_at_ms)
        is_now = _said(house, alert, policies.values(), policy)
        would_be = _said(house, alert, ({**policies, policy.policy_id: policy}).values(), policy)
        looked_at, now, then = looked_at + 1, now + (is_now is None), then + (would_be is None)
        if is_now != would_be and len(items) < MOST_SHOWN:
            read = alert.read
            items.append(
                TriedHit(alert_id=alert.alert_id, plate=read.plate, hotlist=alert.hotlist, captured_at_ms=read.captured_at_ms,
                      place=house.directory.place_of(read), now=is_now, then=would_be)
            )  # fmt: skip
    return RouteAnswer(value=TrialShown(items=tuple(items), looked_at=looked_at, now=now, then=then), count=len(items))


def _alerts(asked: Asked, country: str) -> Iterable[Alert]:
    """The recent alerts that are shared with the country and that this person may see, latest first."""
    open_ones = (one for one in asked.house.live.newest("alert", None) if not one.event.is_covert)  # no other is told
    for one in islice(open_ones, MOST_LOOKED_AT):
        alert = one.event.message
        if (
            isinstance(alert, Alert)
            and country in alert.share_with
            and isinstance(asked.may(one.event.matter), Allowed)
        ):
            yield alert


def _said(house: House, alert: Alert, policies: Iterable[Policy], tried: Policy) -> Reason | None:
    """Why these policies tell the tried one's country nothing of the alert; None: they tell it."""
    at_ms, of = alert.read.captured_at_ms, house.directory.of
    cameras, zones = of(CAMERAS).as_known(at_ms), of(ZONES).as_known(at_ms)
    told: Mapping[str, AllowedForward | NotForwarded] = {
        one.forward.to_country if isinstance(one, AllowedForward) else one.country: one
        for one in told_abroad(alert, policies, cameras, zones, alert.decided_at_ms, house.home)
    }
    said = told[tried.country]
    return said.reason if isinstance(said, NotForwarded) else None


ROUTES = (
    Route(method="POST", path="/policies/explain", about="What a policy would say of recent hits, before it holds.",
          handle=explain, act="alerts.see", entry="query", body=Trial, answer=TrialShown, work="much"),
)  # fmt: skip
