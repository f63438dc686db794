"""What the routes of one process share: stores, rights, the record, and the address of the process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.access.record import Recorder
from pipeline.desks.abroad import Abroad
from pipeline.desks.camera_reads import CameraReads
from pipeline.desks.deciding import Deciding
from pipeline.desks.directory import Directory
from pipeline.desks.feeds import Feeds
from pipeline.desks.limits import LOGINS_AT_ONCE, LOGINS_PER_SECOND, PLATES_AT_ONCE, PLATES_PER_SECOND, Limits
from pipeline.desks.live import Live
from pipeline.desks.metrics import DesksMetrics
from pipeline.desks.provider import ProviderClient
from pipeline.desks.stream import Streams
from pipeline.desks.turns import Turns, Work
from pipeline.desks.watching import Watch
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.passwords import Passwords
from pipeline.runtime.sealing import Seal
from pipeline.runtime.settings import LiaisonSettings
from pipeline.state.approval_store import AnswerStore, ApprovalStore
from pipeline.state.credential_store import AttemptStore, CredentialStore
from pipeline.state.health_memory import HealthMemory
from pipeline.state.later_words import LaterWords
from pipeline.state.outbox import Outbox
from pipeline.state.record_keys import RecordKeys
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from pipeline.state.waiting_room import WaitingRoom
from schemas.incidents import IncidentAction, IncidentState
from schemas.judgements import Judged, Judgement


@dataclass(frozen=True, slots=True)
class Origin:
    """The address that browsers use: http://localhost:8450, or https:// and a name. Passkeys are bound to its host."""

    url: str

    @property
    def host(self) -> str:
        """Name and port, as in a request's Host header."""
        return urlsplit(self.url).netloc

    @property
    def name(self) -> str:
        """The host's name without the port."""
        return urlsplit(self.url).hostname or "localhost"

    @property
    def is_tls(self) -> bool:
        """Whether browsers come over TLS."""
        return self.url.startswith("https://")


@dataclass(slots=True, kw_only=True)
class House:
    """What the routes need. home: the country of this platform. key: the platform's, for sealing and for recognising
    browsers. record: the folder of the record's log. provider: the organisation's identity provider; None: there is none. proxies:
    addresses whose word about where a request comes from is taken."""

    home: str
    key: bytes
    origin: Origin
    directory: Directory
    live: Live
    streams: Streams
    watch: Watch
    writer: ReplicaWriter
    sessions: SessionStore
    credentials: CredentialStore
    attempts: AttemptStore
    approvals: ApprovalStore
    answers: AnswerStore
    pictures: EvidenceStore
    waiting: WaitingRoom
    health: HealthMemory
    reads: CameraReads
    deciding: Deciding[IncidentAction, IncidentState]
    judging: Deciding[Judgement, Judged]
    feeds: Feeds
    outbox: Outbox
    words: LaterWords
    recorder: Recorder
    record: Path
    liaison: LiaisonSettings
    record_keys: RecordKeys
    seal: Seal
    passwords: Passwords
    now_ms: Callable[[], int]
    provider: ProviderClient | None = None
    proxies: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    plates: Limits = field(default_factory=lambda: Limits(PLATES_PER_SECOND, PLATES_AT_ONCE))
    turns: dict[Work, Turns] = field(default_factory=lambda: {"picture": Turns(), "much": Turns()})
    logins: Limits = field(default_factory=lambda: Limits(LOGINS_PER_SECOND, LOGINS_AT_ONCE))
    abroad: Abroad = field(default_factory=Abroad)
    metrics: DesksMetrics = field(default_factory=DesksMetrics)
