"""Which alerts are of one passage of a vehicle: a neighbour is told of it once. Pure."""

from collections.abc import Sequence

import msgspec

from schemas.outcomes import MOST_OF_A_PASSAGE, Alert, Revision

SAME_PASSAGE_MS = 2_000
"""Hits of one entry and plate at one camera within this time are one passage, under whatever ids they come: it is told once."""


def same_passage(one: Alert, other: Alert) -> bool:
    """Whether two alerts are of one passage of one vehicle, read under several ids."""
    near = abs(one.read.captured_at_ms - other.read.captured_at_ms) <= SAME_PASSAGE_MS
    return near and passage_of(one) == passage_of(other)


def passage_of(alert: Alert) -> str:
    """The key that alerts of one passage have in common: entry, plate and camera; their times only lie close together."""
    return f"{alert.entry_id}/{plate_meant(alert)}/{alert.read.camera_id}"


def taken_back_together(revisions: Sequence[Alert]) -> list[Alert]:
    """These revisions, of which each that must be confirmed anew names the others of its passage that must be, too
    (Alert.taken_back_with): whoever recalls what was told of the one tells none of the others instead."""
    passages: dict[str, list[Alert]] = {}
    for one in revisions:
        if one.confirm:
            passages.setdefault(passage_of(one), []).append(one)
    return [_with_others(one, passages[passage_of(one)]) if one.confirm else one for one in revisions]


def _with_others(revision: Alert, passages: Sequence[Alert]) -> Alert:
    """The revision, naming those of these that are of its passage."""
    others = [one for one in passages if one.alert_id != revision.alert_id and same_passage(one, revision)]
    names = [Revision(alert_id=one.alert_id, revision=one.revision) for one in others[:MOST_OF_A_PASSAGE]]
    return msgspec.structs.replace(revision, taken_back_with=tuple(names))


def plate_meant(alert: Alert) -> str:
    """The plate that the alert is about: the wanted one, or the one read where a pattern is wanted."""
    return alert.read.plate if alert.match == "pattern" else alert.wanted_plate
