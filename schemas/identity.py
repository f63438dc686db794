"""Checks that the ids in an alert, violation, receipt or dead letter are those that its fields give (see schemas/ids.py), so that
no sender can choose them.

Forwards and tracks do not carry all that their ids are made of; of these, only the form can be checked, which their types
do.
"""

from collections.abc import Callable, Iterator
from typing import Any

from schemas import ids
from schemas.base import Message
from schemas.outcomes import Alert, DeadLetter, Receipt, Violation
from schemas.reads import PlateRead

Claim = tuple[str, str, str]
"""Where an id stands in the message, the id there, and the id that belongs there."""


def id_fault(message: Message) -> str | None:
    """In words, the first id in the message that differs from the one its fields give. None: all agree, or
    the message is of another kind. Ids that cannot be computed from the fields are not looked at, as that of an alert with
    `corrects`."""
    claims = _CLAIMS.get(type(message))
    if claims is None:
        return None
    return next(
        (
            f"Expected id `{own}`, which its fields give - at `$.{at}`"
            for at, told, own in claims(message)
            if told != own
        ),
        None,
    )


def _read(at: str, read: PlateRead) -> Claim:
    return f"{at}.read_id", read.read_id, ids.read_id(read.camera_id, read.captured_at_ms, read.plate)


def _alert(alert: Alert) -> Iterator[Claim]:
    yield _read("read", alert.read)
    if alert.corrects is None:  # one that takes another's place is named after that one, too
        yield "alert_id", alert.alert_id, ids.alert_id(alert.read.read_id, alert.entry_id)


def _violation(violation: Violation) -> Iterator[Claim]:
    entry, exit_ = violation.entry, violation.exit
    yield from (_read("entry", entry), _read("exit", exit_))
    own = ids.violation_id(violation.section_id, entry.read_id, exit_.read_id)
    lesser = ids.lesser_violation_id(
        own, violation.distance_m, violation.corrected_kmh, violation.limit_kmh, violation.rule_version
    )
    yield "violation_id", violation.violation_id, lesser if violation.violation_id == lesser else own


def _receipt(receipt: Receipt) -> Iterator[Claim]:
    yield "receipt_id", receipt.receipt_id, ids.receipt_id(receipt.forward_id, receipt.outcome)


def _dead_letter(letter: DeadLetter) -> Iterator[Claim]:
    own = ids.dead_letter_id(letter.stage, letter.topic, letter.partition, letter.offset, letter.index)
    yield "dead_letter_id", letter.dead_letter_id, own


_CLAIMS: dict[type[Message], Callable[[Any], Iterator[Claim]]] = {
    Alert: _alert, Violation: _violation, Receipt: _receipt, DeadLetter: _dead_letter,
}  # fmt: skip
