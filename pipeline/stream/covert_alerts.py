"""Covert alerts on their way: the hotlist agent seals them for their owner, whoever has the owner's key opens them.

What the owner's people decide about them goes the same way, sealed by the desks for the same key, on the same topic. Nobody else
can tell one from the other.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.errors import BadRecord
from pipeline.hotlist.incidents import plate_of
from pipeline.runtime.covert import CovertKeys, OwnersKey, opened, sealed
from pipeline.runtime.sender import Outgoing
from pipeline.stream import codec
from pipeline.stream.outputs import Outputs
from schemas.base import Message
from schemas.incidents import IncidentAction
from schemas.outcomes import Alert, Withdrawal
from schemas.topics import ACTIONS, ALERTS, ALERTS_COVERT, Topic


@dataclass(frozen=True, slots=True)
class AlertSender:
    """Puts alerts and their withdrawals into outputs, each for the right topic. covert: None where nothing leaves the
    process, so that nothing is sealed."""

    covert: CovertKeys | None

    def send(self, outputs: Outputs, message: Alert | Withdrawal, of: Alert) -> None:
        """Add the alert, or the withdrawal of the alert `of`, to the outputs: for the topic alerts, or, where `of` is
        covert, sealed for its owner."""
        if not of.covert or self.covert is None:
            outputs.send(ALERTS, message, key=plate_of(of))
            return
        key = self.covert.of(of.owner)
        outputs.send(ALERTS_COVERT, sealed(codec.encode(ALERTS, message), key), key=key.name)


def sealed_action(action: IncidentAction, key: OwnersKey, namespace: str) -> Outgoing:
    """The record of a decision about a covert incident, sealed for the key that its alerts are sealed for."""
    value = codec.encode(ALERTS_COVERT, sealed(codec.encode(ACTIONS, action), key))
    return Outgoing(f"{namespace}.{ALERTS_COVERT.name}", value, key.name.encode())


def decode_opened(topic: Topic[Any], value: bytes | None, key: X25519PrivateKey | None) -> Message | None:
    """The message in a record, as codec.decode gives it; a covert alert, or a decision about one, is opened with the key. None: it
    is sealed for another, or there is no key. Raises BadRecord."""
    message: Message = codec.decode(topic, value)
    if topic is not ALERTS_COVERT:
        return message
    content = None if key is None else opened(message, key)  # type: ignore[arg-type]  # what the topic's own type says that it carries
    if content is None:
        return None
    try:
        return codec.decode(ALERTS, content)
    except BadRecord:
        with suppress(BadRecord):
            return codec.decode(ACTIONS, content)
        raise
