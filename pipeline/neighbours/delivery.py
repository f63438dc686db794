"""The delivery of one message: how far it has come, and the receipt of its outcome. Pure."""

from dataclasses import dataclass

from pipeline.neighbours.message import Acknowledgement, Retry, Settled
from schemas import ids
from schemas.outcomes import WITHDRAWN, Forward, Receipt, ReceiptOutcome

LONGEST_REASON = 64


@dataclass(slots=True)
class Open:
    """The delivery that is under way in one partition. due_s: when to try next, in seconds of the event loop's clock. last:
    why the last attempt settled nothing; None: there was none yet."""

    forward_id: str
    attempts: int = 0
    first_sent_at_ms: int | None = None
    due_s: float = 0.0
    last: Retry | None = None


def settled_receipt(
    forward: Forward, work: Open, settled: Settled, at_ms: int, answers_within_s: int | None = None
) -> Receipt:
    """The receipt of the neighbour's signed word. at_ms: UTC. answers_within_s: so soon the neighbour has promised to say what came
    of a hit; None: it has promised nothing."""
    word = settled.word
    promised = answers_within_s is not None and word.outcome == "acknowledged" and forward.kind == "hit"
    return _receipt(
        forward,
        work,
        word.outcome,
        at_ms,
        reason=_coded(word),
        detail=": ".join(filter(None, (word.reason, word.detail)))[:1000] or None,
        neighbour_reference=word.reference,
        signed=settled.signed,
        answer_by_ms=at_ms + (answers_within_s or 0) * 1_000 if promised else None,
    )


def expired_receipt(forward: Forward, work: Open, at_ms: int, *, withdrawn: bool = False) -> Receipt:
    """The receipt of a message that was not delivered in time; withdrawn: it was taken back before. at_ms: UTC."""
    detail = "withdrawn before it was delivered" if withdrawn else _last_words(work)
    return _receipt(forward, work, "expired", at_ms, reason=WITHDRAWN if withdrawn else None, detail=detail)


def _receipt(forward: Forward, work: Open, outcome: ReceiptOutcome, at_ms: int, **said: object) -> Receipt:
    return Receipt(
        receipt_id=ids.receipt_id(forward.forward_id, outcome),
        forward_id=forward.forward_id,
        to_country=forward.to_country,
        outcome=outcome,
        attempts=max(1, work.attempts),
        first_sent_at_ms=work.first_sent_at_ms,
        incident_id=forward.incident_id,
        recall=forward.kind == "recall",
        decided_at_ms=at_ms,
        **said,  # type: ignore[arg-type]  # the two above give each its type
    )


def _coded(word: Acknowledgement) -> str | None:
    """The reason of a refusal, if it is one word, as agreed; None: it is another text, which the detail alone tells, or no
    refusal."""
    reason = word.reason or ""
    fits = reason.isascii() and reason.replace("_", "").isalnum() and len(reason) <= LONGEST_REASON
    return reason if word.outcome == "refused" and fits else None


def _last_words(work: Open) -> str:
    if work.last is None:
        return "it had expired before it could be sent"
    return f"no answer that counts in {work.attempts} attempts; the last: {work.last.reason}, {work.last.detail}"[:1000]
