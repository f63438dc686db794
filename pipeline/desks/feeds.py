"""The feed of violations: which record becomes which line for which consumer, and what it has acknowledged."""

from dataclasses import dataclass

from pipeline.access.consumers import person_of
from pipeline.access.rights import Allowed, Matter, may
from pipeline.desks.feed_bodies import FeedPicture, JudgementLine, ViolationLine, WithdrawalLine
from pipeline.desks.feed_log import KafkaFeedLog
from pipeline.desks.feed_pages import GONE, FeedPage, FeedPosition, FeedRecord, later, page_of
from pipeline.desks.live import Live
from pipeline.runtime.sealing import Seal
from pipeline.state.feed_marks import FeedMarks
from schemas.judgements import Consumer, Judgement
from schemas.outcomes import RecordPlace, Violation, Withdrawal
from schemas.topics import JUDGEMENTS, VIOLATIONS

TOPICS = (VIOLATIONS, JUDGEMENTS)
PICTURES = "/api/v1/feeds/pictures/"


@dataclass(slots=True)
class Feeds:
    """What the feed of violations needs."""

    log: KafkaFeedLog
    live: Live
    marks: FeedMarks
    seal: Seal

    async def pull(self, consumer: Consumer, cursor: FeedPosition | None, most: int, now_ms: int) -> FeedPage:
        """The next page for this consumer: after what it has acknowledged, and after the cursor if that is later. Notes that it
        pulled; forgets what it acknowledged where a topic was made anew. Raises Unavailable."""
        mark = await self.marks.pulled(consumer.consumer_id, now_ms)
        begin = later(FeedPosition(mark.nexts), cursor or FeedPosition())
        lines = _Lines(self, consumer, now_ms)
        async with self.log.lock:
            page = await page_of(self.log, begin, lines.line_of, most)
        if page.remade:  # the mark is of a topic that is gone
            await self.marks.forget(consumer.consumer_id)
        return page

    async def acknowledge(self, consumer: Consumer, cursor: FeedPosition, now_ms: int) -> None:
        """Note that the consumer has everything before this position. Raises Unavailable."""
        await self.marks.acknowledge(consumer.consumer_id, cursor.nexts, now_ms)

    def picture_of(self, consumer: Consumer, name: str) -> str | None:
        """The path of the picture that a line named to this consumer; None: no line did."""
        path = self.seal.open(_picture_use(consumer), name)
        return None if path is None else path.decode()


@dataclass(slots=True)
class _Lines:
    """The lines of one pull."""

    feeds: Feeds
    consumer: Consumer
    now_ms: int

    async def line_of(self, record: FeedRecord) -> object | None:
        """The line of a record (ViolationLine, WithdrawalLine or JudgementLine); None: it cannot be read, is older than the
        consumer, is a copy, did not count, or is not for this consumer; GONE: a judgement of a violation that is not kept any
        more, so that nobody can say whether it is for this consumer."""
        at = RecordPlace(partition=record.partition, offset=record.offset)
        message, cases = record.message, self.feeds.live.cases
        if message is None or record.at_ms < self.consumer.since_ms or not cases.counts(message, at):
            return None
        match message:
            case Violation():
                return self._violation(message) if self._may(self._matter(message)) else None
            case Withdrawal():
                about = await self._about(message.id, cases.place_of(message.id))
                return WithdrawalLine(withdrawal=message) if about is None or self._may(about) else None
            case Judgement():
                about = await self._about(message.violation_id, message.violation_at)
                if about is None:
                    return GONE
                return _judgement(message, record) if self._may(about) else None
        return None

    async def _about(self, violation_id: str, at: RecordPlace | None) -> Matter | None:
        """What rights ask about the violation; None: it is not kept any more."""
        shown = self.feeds.live.items["violation"].get(violation_id)
        if shown is not None:
            return shown.event.matter
        for record in await self.feeds.log.read(0, at.partition, at.offset, at.offset + 1, 1) if at else ():
            if isinstance(record.message, Violation) and record.message.violation_id == violation_id:
                return self._matter(record.message)
        return None

    def _matter(self, violation: Violation) -> Matter:
        return self.feeds.live.directory.matter_of_violation(violation)

    def _may(self, matter: Matter) -> bool:
        return isinstance(may(person_of(self.consumer), "violations.see", matter, self.now_ms), Allowed)

    def _violation(self, violation: Violation) -> ViolationLine:
        directory, pictures = self.feeds.live.directory, []
        for end, read in (("entry", violation.entry), ("exit", violation.exit)):
            for which, path in (("crop", read.crop), ("overview", read.overview)):
                if path is not None:
                    name = self.feeds.seal.seal(_picture_use(self.consumer), path.encode())
                    digest = path.partition("/")[2].partition(".")[0]
                    pictures.append(FeedPicture(end=end, which=which, sha256=digest, href=PICTURES + name))  # type: ignore[arg-type]  # the words above are these literals
        return ViolationLine(
            violation=violation,
            entry_place=directory.place_of(violation.entry),
            exit_place=directory.place_of(violation.exit),
            pictures=tuple(pictures),
        )


def _judgement(one: Judgement, record: FeedRecord) -> JudgementLine:
    return JudgementLine(
        violation_id=one.violation_id,
        number=one.revision + 1,
        verdict=one.verdict,
        rejection=one.rejection,
        note=one.note,
        who=one.who,
        at_ms=record.at_ms,
    )


def _picture_use(consumer: Consumer) -> str:
    return f"picture {consumer.consumer_id}"
