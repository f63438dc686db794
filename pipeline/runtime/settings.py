"""The frozen settings object, read once at start from defaults, then a TOML file, then VIGIE_* environment variables.

A field `redis_url` is `redis_url` in the file and VIGIE_REDIS_URL in the environment; `liaison.sender` is `[liaison] sender`
and VIGIE_LIAISON__SENDER. The file is the one that VIGIE_CONFIG names, else vigie.toml in the data folder if there is one;
never one of the working folder, which may be anybody's, and never one that others own or may change.
"""

import os
import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from pipeline.errors import HIDDEN, Misconfigured
from pipeline.law.book import kept_days
from pipeline.runtime.private import OPEN, WRITABLE, check_folder, read_trusted
from schemas.base import Country

FILE = "vigie.toml"
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
AnswersWithin = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
"""How soon, in seconds, a neighbour says what came of a hit: an incident is over a day after its last change."""
Namespace = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_-]{0,30}\Z")]


HOME = "BE"


def lawful_days(country: str, setting: str = "VIGIE_COUNTRY") -> int:
    """How many days the law in force now lets reads be kept in this country. Raises Misconfigured, naming the setting, when
    no rule is known for it."""
    days = kept_days(country, time.time_ns() // 1_000_000)
    if days is None:
        raise Misconfigured(
            setting, found=country, allowed="a country with a rule in pipeline/law/tables/retention.toml"
        )
    return days


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The address and keys of one neighbour's receiver. url None: it has none, and pulls what it is told (`vigie consumers`)."""

    url: str | None = None  # https://...
    ca_file: Path | None = None  # who signed the desk's server certificate; needed with url
    public_key_file: Path  # PEM, Ed25519: verifies its acknowledgements
    answers_within_s: AnswersWithin | None = None  # after it took a hit; None: it has promised nothing


class LiaisonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to the neighbours, and where their desks are."""

    sender: Country = "BE"
    signing_key_file: Path | None = None  # PEM, Ed25519
    published_keys_file: Path | None = None  # PEM: the public keys at GET /api/v1/keys, the present one and the next
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0  # one delivery attempt
    max_backoff_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    desks: dict[str, DeskSettings] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a deployment decides."""

    country: Country = HOME  # whose law holds: how long what cameras gather is kept
    namespace: Namespace = "vigie"  # prefix of topics, consumer groups and Redis keys
    data_dir: Path = Path("~/.local/share/vigie")
    kafka_url: str | None = None  # kafka://host:9092,host:9092 or kafka+ssl://...; None: the embedded broker
    kafka_username: str | None = None
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None  # key and certificate, PEM: for `vigie topics create` before there are accounts
    redis_url: str | None = None  # redis://, rediss:// or unix://; None: the embedded store
    redis_ca_file: Path | None = None
    allow_plaintext: bool = (
        False  # Kafka and Redis without TLS on another machine: on a network that nobody else reaches
    )
    accounts_dir: Path | None = None  # made by `vigie accounts create`; None: the embedded servers' own
    evidence_url: str | None = None  # s3://..., file:///... or several, apart by blanks; None: a folder in data_dir
    record_dir: Path | None = (
        None  # the log of the record, on a disk of the machine of agent audit; None: a folder in data_dir
    )
    record_key_file: Path | None = None  # what signs its checkpoints; None: record.key in data_dir, made at first use
    evidence_days: Positive = msgspec.field(default_factory=lambda: lawful_days(HOME))
    brokers: Literal[1, 3] = 1  # of the embedded Kafka
    platform_key_file: Path | None = None  # of ids in logs and sealed secrets; None: platform.key in data_dir
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"  # auto: readable in a terminal, else JSON
    metrics_host: str = "127.0.0.1"  # 0.0.0.0 where a Prometheus elsewhere scrapes
    metrics_port: Port = 0  # 0: any free one
    metrics_token_file: Path | None = None  # what a scraper must bring; None: on loopback anybody, elsewhere refused
    live_bound_ms: Positive = 60_000  # an older read still matches, but never rings
    future_bound_ms: Positive = 5_000  # a capture time further ahead is refused
    look_back_hours: Annotated[int, msgspec.Meta(ge=0, le=168)] = (
        3  # a new entry is looked up in the reads of these; 0: not
    )
    section_settle_ms: Positive = 10_000  # a passage is decided so long after the last read that could belong to it
    retention_days: Positive = msgspec.field(
        default_factory=lambda: lawful_days(HOME)
    )  # a read older than this is refused, and what became of one is kept as long
    batch_records: Positive = 2000  # records that one handler call takes at most, unless they have 2 MB before
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3  # of a record that fails alone, before it is dead-lettered
    session_timeout_s: Annotated[float, msgspec.Meta(ge=1, le=300)] = 6.0  # a dead worker's partitions move after this
    desks_host: str = "127.0.0.1"  # where `vigie desks` listens
    desks_port: Port = 0  # 0: 8450 beside `vigie up`, where that is free; any free one else
    desks_origin: str | None = None  # what browsers call it: https://NAME; None: http://localhost:PORT
    desks_cert_file: Path | None = None  # PEM; without it TLS ends before this process, or nobody else comes
    desks_key_file: Path | None = None
    desks_client_ca_file: Path | None = (
        None  # who signed the client certificates of consumers; None: they have tokens alone
    )
    desks_proxies: str | None = None  # addresses, apart by blanks, of proxies that say from where a request comes
    oidc_issuer: str | None = None  # https://...: the organisation's identity provider; None: local accounts alone
    oidc_client_id: str | None = None  # what Vigie is called there
    oidc_client_secret_file: Path | None = None  # None: a public client, by PKCE alone
    oidc_ca_file: Path | None = None  # who signed the provider's certificate; None: whom this machine trusts
    oidc_acr: str | None = None  # the kinds of login that are demanded there (acr), apart by blanks
    gateway_host: str = "127.0.0.1"  # where `vigie gateway serve` listens
    gateway_port: Port = 0  # 0: 8460 beside `vigie up`, where that is free; any free one else
    gateway_cert_file: Path | None = None  # PEM; without it on another address than loopback: see allow_plaintext
    gateway_key_file: Path | None = None
    gateway_client_ca_file: Path | None = None  # who signed cameras' certificates; None: none is asked for
    gateway_ports_host: str = "127.0.0.1"  # where ports of single cameras listen: on their own network
    gateway_spool_mb: Positive = 1_024  # of messages of cameras that cannot send again; where it is full, they wait
    gateway_drops_dir: Path | None = None  # where an FTP server puts files, a folder a sender; None: drops in data_dir
    gateway_mappings_dir: Path | None = None  # TOML files for makers not known; None: mappings in data_dir
    gateway_connections: Positive = 15_000  # that may be open at once; beyond them new ones are closed
    gateway_connections_per_address: Positive = 2_000  # of one address: a balancer's, or a site's behind one address
    session_idle_minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] = 30  # a session ends so long after a request
    session_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 12  # and so long after the login
    covert_key_file: Path | None = None  # PEM, X25519: whom covert alerts are for; None: a pair made in data_dir/covert
    covert_desks_key_file: Path | None = None  # PEM, private: covert alerts that the desks show; None: of that pair
    covert_keys: dict[str, Path] = {}  # the same for single owners, by the owner that entries name
    liaison: LiaisonSettings = LiaisonSettings()

    def metrics_token(self) -> str | None:
        """The token in the file that the setting names, or None where it names none. Raises Misconfigured when the file is
        missing, empty, or readable by others."""
        if self.metrics_token_file is None:
            return None
        try:
            token = read_trusted("VIGIE_METRICS_TOKEN_FILE", self.metrics_token_file, modes=OPEN).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            token = ""
            cause = f" ({error})"
        else:
            cause = " (empty)"
        if not token:
            found = f"{self.metrics_token_file}{cause}"
            raise Misconfigured("VIGIE_METRICS_TOKEN_FILE", found=found, allowed="a readable file with a token")
        return token

    @property
    def record(self) -> Path:
        """The folder of the record's log: record_dir, or one in data_dir."""
        return self.record_dir or self.data_dir / "record"

    @property
    def gateway_drops(self) -> Path:
        """The folder that holds one for each sender whose files an FTP server puts down: gateway_drops_dir, or one in data_dir."""
        return self.gateway_drops_dir or self.data_dir / "drops"

    @property
    def gateway_mappings(self) -> Path:
        """Where a gateway finds the mappings of makers that Vigie does not know: gateway_mappings_dir, or a folder in data_dir."""
        return self.gateway_mappings_dir or self.data_dir / "mappings"

    @property
    def platform_key(self) -> Path:
        """The file with the platform's key: platform_key_file, or one in data_dir."""
        return self.platform_key_file or self.data_dir / "platform.key"

    @property
    def evidence(self) -> str | Path:
        """Where pictures are kept: the URL, or the folder in data_dir."""
        return self.evidence_url or self.data_dir / "evidence"


def load_settings(environ: Mapping[str, str] = os.environ, toml_path: Path | None = None) -> Settings:
    """Settings from file and environment. toml_path: the file; None: see settings_file. Raises Misconfigured naming the
    setting, what it was and what is allowed; also where others own the data folder or may put files into it."""
    values = _from_file(environ, toml_path)
    for name, text in environ.items():
        if name.startswith("VIGIE_") and name not in _NOT_SETTINGS:
            _place(values, name, text)
    days = lawful_days(str(values.get("country", HOME)))
    values = {"evidence_days": days, "retention_days": days} | values
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise _explained(error, values) from error
    _refuse_longer(settings, days)
    folder = settings.data_dir.expanduser().absolute()
    with suppress(OSError):  # it is made later, or cannot be read
        check_folder("VIGIE_DATA_DIR", folder)
    return msgspec.structs.replace(settings, data_dir=folder)


def _refuse_longer(settings: Settings, days: int) -> None:
    """Raise Misconfigured when a setting keeps something longer than the law allows."""
    for name in ("evidence_days", "retention_days"):
        if (found := getattr(settings, name)) > days:
            allowed = f"at most {days}, by the law of {settings.country}"
            raise Misconfigured(f"VIGIE_{name.upper()}", found=found, allowed=allowed)


_NOT_SETTINGS = {"VIGIE_CONFIG", "VIGIE_TEST_PICTURES", "VIGIE_REASON"}


def settings_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that load_settings reads unless told another: the one that VIGIE_CONFIG names, whether it exists or not, else
    FILE in the data folder; None: there is no such file there."""
    if environ.get("VIGIE_CONFIG"):
        return Path(environ["VIGIE_CONFIG"])
    folder = Path(environ.get("VIGIE_DATA_DIR") or Settings().data_dir).expanduser()
    return path if (path := folder / FILE).exists() else None


def _from_file(environ: Mapping[str, str], toml_path: Path | None) -> dict[str, Any]:
    path = toml_path or settings_file(environ)
    if path is None:
        return {}
    try:
        text = read_trusted("VIGIE_CONFIG", path, modes=WRITABLE).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("VIGIE_CONFIG", found=str(path), allowed=f"a readable TOML file ({error})") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(str(path), found=str(error), allowed="valid TOML") from error
    _refuse_unknown(values, Settings, str(path))
    return values


def _refuse_unknown(values: Mapping[str, Any], struct: type[msgspec.Struct], where: str) -> None:
    unknown = sorted(set(values) - set(struct.__struct_fields__))
    if unknown:
        raise Misconfigured(f"{where}: {unknown[0]}", found=unknown[0], allowed=f"one of {_names(struct)}")
    if isinstance(values.get("liaison"), dict):
        _refuse_unknown(values["liaison"], LiaisonSettings, f"{where}: liaison")


def _place(values: dict[str, Any], name: str, text: str) -> None:
    *parents, leaf = name.removeprefix("VIGIE_").lower().split("__")
    struct: type[msgspec.Struct] = LiaisonSettings if parents == ["liaison"] else Settings
    if (
        leaf not in struct.__struct_fields__
        or parents not in ([], ["liaison"])
        or leaf in ("liaison", "desks", "covert_keys")
    ):
        raise Misconfigured(name, found=HIDDEN, allowed=f"unset, or one of VIGIE_ + {_names(struct).upper()}")
    target = values.setdefault("liaison", {}) if parents else values
    target[leaf] = None if text == "" and _may_be_none(struct, leaf) else text


def _may_be_none(struct: type[msgspec.Struct], field: str) -> bool:
    return type(None) in get_args(get_type_hints(struct)[field])


def _names(struct: type[msgspec.Struct]) -> str:
    return ", ".join(struct.__struct_fields__)


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected {wanted.__name__}, got {type(value).__name__}")


def _explained(error: msgspec.ValidationError, values: Mapping[str, Any]) -> Misconfigured:
    message, _, place = str(error).partition(" - at `$.")
    names = place.rstrip("`").split(".") if place else []
    found: Any = values
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    variable = "VIGIE_" + "__".join(names).upper() if names else "the settings"
    return Misconfigured(variable, found=found, allowed=_allowed(names) or message)


def _allowed(names: list[str]) -> str | None:
    struct: type[msgspec.Struct] = LiaisonSettings if names[:1] == ["liaison"] and len(names) > 1 else Settings
    hint = get_type_hints(struct, include_extras=True).get(names[-1]) if names else None
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if get_origin(hint) is Annotated:
        kind, *rules = get_args(hint)
        bounds = [f"{word} {getattr(rule, name)}" for rule in rules for name, word in _BOUNDS.items()
                  if getattr(rule, name, None) is not None]  # fmt: skip
        return f"{_KINDS.get(kind, str(kind))} {' and '.join(bounds)}"
    return None


_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "pattern": "matching"}
_KINDS = {int: "a whole number", float: "a number", str: "a text"}
