"""Deliveries to a real desk process over real mutual TLS: down, killed, refusing, hanging, lying, and well again."""

import asyncio
import secrets
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from agents import liaison
from pipeline.errors import Misconfigured, Unavailable
from pipeline.neighbours.message import verify_acknowledgement, verify_forward
from pipeline.neighbours.recalls import correction_of, recall_of, update_of
from pipeline.receiver.credentials import DeskCredentials, create_credentials
from pipeline.receiver.files import client_context, key_ring
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import LiaisonSettings, Settings
from pipeline.state.delivery_marks import DeliveryMarks
from pipeline.stream.context import Context
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import Handler, Outputs, Record
from schemas.outcomes import Forward, Receipt, RecordPlace
from tests.desks import Batch, DeskProcess, forwards, liaison_settings

Make = Callable[[LiaisonSettings], Awaitable[Handler]]
PAUSE_S = 0.02  # what stands for the stage's pause between two calls


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A credentials folder for one sender and its neighbours."""
    folder = tmp_path_factory.mktemp("keys")
    create_credentials(folder)
    return folder


@pytest_asyncio.fixture(scope="module")
async def running(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DeskProcess]:
    """NL's desk, one process for the module; a test that kills it starts it again."""
    desk = await DeskProcess(tmp_path_factory.mktemp("desk"), keys).start()
    yield desk
    assert await desk.stop() == 0


@pytest_asyncio.fixture
async def desk(running: DeskProcess) -> AsyncIterator[DeskProcess]:
    """NL's desk, well before and after."""
    yield running
    await running.tell("ok")


@pytest.fixture
def own_namespace() -> str:
    """A namespace that no other test has."""
    return f"t{secrets.token_hex(4)}"


async def nothing_wrong(_forward: Forward, _recorded_at_ms: int) -> str | None:
    """Finds no fault."""
    return None


@pytest_asyncio.fixture
async def make(redis: Redis, own_namespace: str) -> AsyncIterator[Make]:
    """Starts the agent's handler as its worker would, but that it finds all forwards right (see test_forward_check.py).

    Everything is closed afterwards. One memory of settled forwards.
    """
    contexts: list[Context] = []

    async def start(settings: LiaisonSettings) -> Handler:
        whole = Settings(namespace=own_namespace, liaison=settings)
        contexts.append(Context(whole, redis, StageMetrics(liaison.AGENT.name), Sender({})))
        return liaison.liaison_of(contexts[-1], nothing_wrong).handle

    yield start
    for context in contexts:
        await context.close()


async def handled(handler: Handler, forward: Forward, *, offset: int = 0, partition: int = 0) -> Outputs:
    """What the handler gives for one forward, called again for as long as the desk is away, as the stage does."""
    record = Record("vigie.forwards", partition, offset, forward.created_at_ms, forward, msgspec.json.encode(forward))
    while True:
        try:
            return await handler([record])
        except Unavailable:
            await asyncio.sleep(PAUSE_S)


async def delivered(handler: Handler, batch: Batch, *, partition: int = 0) -> list[Receipt]:
    """The receipts of a whole batch, one after the other."""
    receipts: list[Receipt] = []
    for offset, forward in enumerate(batch.forwards):
        receipts += receipts_of(await handled(handler, forward, offset=offset, partition=partition))
    return receipts


def receipts_of(outputs: Outputs) -> list[Receipt]:
    """The receipts among the outputs; each has its forward's id as key."""
    receipts = [message for _, message, _, _ in outputs.sends if isinstance(message, Receipt)]
    assert [receipt.forward_id for receipt in receipts] == [key for _, _, key, _ in outputs.sends]
    return receipts


def outcomes(receipts: Sequence[Receipt]) -> list[tuple[str, str]]:
    """Id and outcome of each."""
    return [(receipt.forward_id, receipt.outcome) for receipt in receipts]


async def until(true: Callable[[], bool]) -> None:
    """Wait until something became true."""
    async with asyncio.timeout(30.0):
        while not true():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


def arrived(desk: DeskProcess, batch: Batch, least: int) -> bool:
    """Whether so many of these forwards are in the inbox."""
    return len(desk.entries(batch.prefix)) >= least


async def test_a_forward_arrives_whole_and_its_receipt_proves_it(desk: DeskProcess, keys: Path, make: Make) -> None:
    """The inbox holds the forward and its signed text; the receipt holds the neighbour's reference and signed word."""
    batch = forwards(1, now_ms=platform_now_ms())
    [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    [entry] = desk.entries(batch.prefix)
    files, forward = DeskCredentials.in_folder(keys), batch.forwards[0]
    assert (forward, "BE") == (entry.forward, entry.sender)
    assert forward == verify_forward(entry.signed, key_ring("sender", {"BE": files.sender_sign_public})).forward
    assert (forward.forward_id, "NL", "acknowledged", 1) == (
        receipt.forward_id, receipt.to_country, receipt.outcome, receipt.attempts,
    )  # fmt: skip
    word = verify_acknowledgement(receipt.signed or "", key_ring("desk", {"NL": files.desk_sign_public}), forward)
    assert (receipt.neighbour_reference, entry.received_at_ms) == (word.reference, word.at_ms)


async def test_a_desk_that_was_away_gets_everything_in_order_and_once(
    desk: DeskProcess, keys: Path, make: Make
) -> None:
    """Killed before the first forward and back after some failures: nothing lost, nothing twice, recalls in their place."""
    batch = forwards(20, now_ms=platform_now_ms())
    hit = batch.forwards[9]
    batch.forwards[10] = msgspec.structs.replace(batch.forwards[10], kind="recall", refers_to=hit.forward_id)
    handler = await make(liaison_settings(keys, {"NL": desk.url}))
    await desk.kill()
    delivering = asyncio.create_task(delivered(handler, batch))
    await asyncio.sleep(0.5)
    assert not delivering.done()
    await desk.start()
    receipts = await asyncio.wait_for(delivering, 30.0)
    assert [(id_, "acknowledged") for id_ in batch.ids] == outcomes(receipts)
    assert batch.forwards == [entry.forward for entry in desk.entries(batch.prefix)]
    assert receipts[0].attempts > 2


async def test_an_update_of_what_was_never_sent_arrives_as_a_hit_of_its_own(
    desk: DeskProcess, keys: Path, make: Make
) -> None:
    """The neighbour is told of no forward that it did not get; an update of one that it got arrives as it is."""
    batch = forwards(3, now_ms=platform_now_ms())
    first, update, stray = batch.forwards
    batch.forwards[1] = update = update_of(first.forward_id, None, update)
    batch.forwards[2] = update_of(f"{batch.prefix}99999", None, stray)
    await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    assert [first, update, stray] == [entry.forward for entry in desk.entries(batch.prefix)]


async def test_a_correction_of_what_was_never_sent_does_not_cross_the_border(
    desk: DeskProcess, keys: Path, make: Make
) -> None:
    """There is nothing to correct there; one of what the neighbour has arrives."""
    batch, place = forwards(3, now_ms=platform_now_ms()), RecordPlace(partition=0, offset=0)
    first, *_ = batch.forwards[:] = [msgspec.structs.replace(one, alert_at=place) for one in batch.forwards]
    terms = msgspec.structs.replace(first, purpose="another")
    corrections = [correction_of(one, terms, now_ms=platform_now_ms()) for one in batch.forwards[:2]]
    batch.forwards[1:] = corrections
    receipts = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    told = [
        entry.forward
        for entry in desk.entries("")
        if entry.forward.forward_id in {one.forward_id for one in batch.forwards}
    ]
    assert [first.forward_id, corrections[0].forward_id] == [one.forward_id for one in told]
    assert "another" == told[1].purpose
    assert ["acknowledged", "acknowledged", "withdrawn"] == [one.reason or one.outcome for one in receipts]


async def test_a_desk_killed_in_mid_stream_loses_nothing_and_stores_nothing_twice(
    desk: DeskProcess, keys: Path, make: Make
) -> None:
    """kill -9 twice while forwards flow: every receipt is an acknowledgement, the inbox has each once and in order."""
    batch = forwards(300, now_ms=platform_now_ms())
    handler = await make(liaison_settings(keys, {"NL": desk.url}))
    delivering = asyncio.create_task(delivered(handler, batch))
    for wanted in (60, 180):
        await until(partial(arrived, desk, batch, wanted))
        await desk.kill()
        await desk.start()
    receipts = await asyncio.wait_for(delivering, 60.0)
    assert [(id_, "acknowledged") for id_ in batch.ids] == outcomes(receipts)
    assert batch.ids == [entry.forward.forward_id for entry in desk.entries(batch.prefix)]


@pytest.mark.parametrize("mode", ["unavailable", "drop", "lose_answer", "wrong_signature"])
async def test_an_answer_that_does_not_count_is_asked_for_again(
    mode: str, desk: DeskProcess, keys: Path, make: Make
) -> None:
    """503, a cut connection before and after storing, a stranger's signature: the third attempt settles, and once."""
    batch = forwards(1, now_ms=platform_now_ms())
    before = await desk.status()
    await desk.tell(mode, requests=2)
    [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    after = await desk.status()
    assert (receipt.outcome, receipt.attempts) == ("acknowledged", 3)
    assert batch.ids == [entry.forward.forward_id for entry in desk.entries(batch.prefix)]
    assert (2 if mode == "lose_answer" else 0) == after.duplicates - before.duplicates


async def test_a_refusal_settles_with_its_reason_and_stores_nothing(desk: DeskProcess, keys: Path, make: Make) -> None:
    """The neighbour's signed no is the outcome: not tried again, the reason and the proof on the receipt."""
    batch = forwards(1, now_ms=platform_now_ms())
    await desk.tell("reject", requests=1)
    [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    assert (receipt.outcome, receipt.detail, receipt.attempts) == ("refused", "exercise: told to reject", 1)
    ring = key_ring("desk", {"NL": DeskCredentials.in_folder(keys).desk_sign_public})
    assert verify_acknowledgement(receipt.signed or "", ring, batch.forwards[0]).reason == "exercise"
    assert desk.entries(batch.prefix) == []


async def test_a_hanging_desk_holds_back_no_other_country_and_no_shutdown(
    desk: DeskProcess, keys: Path, make: Make, tmp_path: Path
) -> None:
    """While NL does not answer, LU gets all of its forwards; the waiting call ends within a second of being cancelled."""
    async with desk_of("LU", keys, tmp_path) as other:
        handler = await make(liaison_settings(keys, {"NL": desk.url, "LU": other.url}, timeout_s=20.0))
        await desk.tell("hang")
        now_ms = platform_now_ms()
        hanging = asyncio.create_task(delivered(handler, forwards(1, now_ms=now_ms), partition=1))
        batch = forwards(20, now_ms=now_ms, country="LU")
        receipts = await asyncio.wait_for(delivered(handler, batch, partition=2), 10.0)
        assert [(id_, "acknowledged") for id_ in batch.ids] == outcomes(receipts)
        assert not hanging.done()
        cancelled_at = time.monotonic()
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        assert time.monotonic() - cancelled_at < 1.0


@asynccontextmanager
async def desk_of(country: str, keys: Path, folder: Path) -> AsyncIterator[DeskProcess]:
    """Another country's desk for one test."""
    desk = await DeskProcess(folder, keys, country).start()
    try:
        yield desk
    finally:
        await desk.stop()


async def test_a_desk_that_only_hangs_is_a_timeout_and_then_expires(desk: DeskProcess, keys: Path, make: Make) -> None:
    """What was not settled in time is expired, and the receipt says how often and why."""
    batch = forwards(1, now_ms=platform_now_ms(), expires_after_ms=900)
    await desk.tell("hang")
    [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url}, timeout_s=0.2)), batch)
    assert receipt.outcome == "expired"
    assert receipt.attempts >= 2
    assert "timeout" in (receipt.detail or "")
    assert receipt.first_sent_at_ms is not None


async def test_what_has_expired_is_never_sent(desk: DeskProcess, keys: Path, make: Make) -> None:
    """A forward past its end goes nowhere and gets its receipt."""
    batch = forwards(1, now_ms=platform_now_ms(), expires_after_ms=-1)
    [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
    assert (receipt.outcome, receipt.first_sent_at_ms) == ("expired", None)
    assert desk.entries(batch.prefix) == []


async def test_what_was_recalled_before_it_was_sent_is_never_sent_nor_is_its_recall(
    desk: DeskProcess, keys: Path, make: Make, redis: Redis, own_namespace: str
) -> None:
    """The neighbour never heard of it, so there is nothing to forget."""
    batch = forwards(1, now_ms=platform_now_ms())
    handler, forward = await make(liaison_settings(keys, {"NL": desk.url})), batch.forwards[0]
    await DeliveryMarks(redis, own_namespace).recalled([forward.forward_id])
    recall = recall_of(forward, now_ms=platform_now_ms())
    receipts = [*receipts_of(await handled(handler, forward)), *receipts_of(await handled(handler, recall, offset=1))]
    assert ["withdrawn before it was delivered"] * 2 == [receipt.detail for receipt in receipts]
    assert [] == desk.entries(batch.prefix)


async def test_a_country_without_a_desk_is_refused_with_the_cure(desk: DeskProcess, keys: Path, make: Make) -> None:
    """No receipt, one dead letter, and the same forward can be sent again once the desk is in the settings."""
    batch = forwards(1, now_ms=platform_now_ms())
    outputs = await handled(await make(LiaisonSettings()), batch.forwards[0])
    [refused] = outputs.refusals
    assert (refused.reason, outputs.sends) == ("no_desk", [])
    assert "[liaison.desks.NL] with url, ca_file and public_key_file" in refused.detail
    handler = await make(liaison_settings(keys, {"NL": desk.url}))
    assert len(receipts_of(await handled(handler, batch.forwards[0], offset=1))) == 1


async def test_a_replay_after_a_crash_gives_the_same_receipt_and_a_second_record_none(
    desk: DeskProcess, keys: Path, make: Make
) -> None:
    """The desk drops the second copy and answers with the same word, also after its own restart."""
    batch, settings = forwards(1, now_ms=platform_now_ms()), liaison_settings(keys, {"NL": desk.url})
    [first] = await delivered(await make(settings), batch)
    await desk.kill()
    await desk.start()
    [again] = await delivered(await make(settings), batch)
    assert (first.receipt_id, first.signed) == (again.receipt_id, again.signed)
    assert (await desk.status()).duplicates == 1
    copy = await handled(await make(settings), batch.forwards[0], offset=1)
    assert (copy.sends, copy.refusals) == ([], [])
    assert (await desk.status()).duplicates == 1
    assert len(desk.entries(batch.prefix)) == 1


async def test_a_desk_of_another_authority_is_not_believed(
    desk: DeskProcess, keys: Path, make: Make, tmp_path: Path
) -> None:
    """A server certificate that the desk's own CA did not sign ends the handshake: nothing is sent, and it says so."""
    others = create_credentials(tmp_path / "others")
    settings = liaison_settings(keys, {"NL": desk.url})
    wrong = msgspec.structs.replace(settings.desks["NL"], ca_file=others.ca)
    batch = forwards(1, now_ms=platform_now_ms(), expires_after_ms=500)
    [receipt] = await delivered(await make(msgspec.structs.replace(settings, desks={"NL": wrong})), batch)
    assert receipt.outcome == "expired"
    assert "tls" in (receipt.detail or "")
    assert desk.entries(batch.prefix) == []


async def test_a_desk_under_another_name_is_not_believed(keys: Path, make: Make, tmp_path: Path) -> None:
    """A genuine certificate for another host ends the handshake too."""
    renamed = Path(shutil.copytree(keys, tmp_path / "renamed"))
    create_credentials(renamed, hosts=["desk.example.org"], renew=True)
    async with desk_of("NL", renamed, tmp_path) as desk:
        batch = forwards(1, now_ms=platform_now_ms(), expires_after_ms=500)
        [receipt] = await delivered(await make(liaison_settings(keys, {"NL": desk.url})), batch)
        assert receipt.outcome == "expired"
        assert "tls" in (receipt.detail or "")


async def test_a_renewed_certificate_is_taken_without_a_restart(
    desk: DeskProcess, keys: Path, make: Make, tmp_path: Path
) -> None:
    """A client certificate that the desk does not accept delivers nothing; its file replaced, the next attempt does."""
    others = create_credentials(tmp_path / "others")
    files = DeskCredentials.in_folder(keys)
    settings = liaison_settings(
        keys, {"NL": desk.url}, client_cert_file=others.sender_cert, client_key_file=others.sender_key
    )
    batch = forwards(1, now_ms=platform_now_ms())
    delivering = asyncio.create_task(delivered(await make(settings), batch))
    await asyncio.sleep(0.5)
    assert not delivering.done()
    assert desk.entries(batch.prefix) == []
    others.sender_cert.write_bytes(files.sender_cert.read_bytes())
    others.sender_key.write_bytes(files.sender_key.read_bytes())
    [receipt] = await asyncio.wait_for(delivering, 10.0)
    assert receipt.outcome == "acknowledged"


async def test_a_client_without_a_certificate_or_with_an_old_protocol_gets_no_answer(
    desk: DeskProcess, keys: Path
) -> None:
    """The desk speaks with those whose certificate its CA signed, over TLS 1.3."""
    files = DeskCredentials.in_folder(keys)
    bare = ssl.create_default_context(cafile=files.ca)
    ours = client_context(ca=("ca", files.ca), cert=("cert", files.sender_cert), key=("key", files.sender_key))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{desk.url}/status", ssl=ours) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{desk.url}/status", ssl=bare)
        old = client_context(ca=("ca", files.ca), cert=("cert", files.sender_cert), key=("key", files.sender_key))
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{desk.url}/status", ssl=old)


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [("signing_key_file", None, "liaison.signing_key_file"), ("client_key_file", None, "liaison.client_key_file"),
     ("client_cert_file", Path("/nowhere.pem"), "liaison.client_cert_file"),
     ("signing_key_file", "ca", "liaison.signing_key_file"), ("desk.ca_file", "ca_key", "liaison.desks.NL.ca_file"),
     ("desk.public_key_file", "ca", "liaison.desks.NL.public_key_file"),
     ("desk.url", "http://desk.example.org", "liaison.desks.url"), ("client_key_file", "desk_key", "client_key_file")],
)  # fmt: skip
async def test_a_wrong_setting_stops_the_start_and_is_named(
    name: str, value: str | Path | None, setting: str, keys: Path, make: Make
) -> None:
    """A file that is missing, of another kind or of another pair is told before the first forward comes."""
    settings = liaison_settings(keys, {"NL": "https://desk.example.org"})
    found = getattr(DeskCredentials.in_folder(keys), value, value) if isinstance(value, str) else value
    if name.startswith("desk."):
        changed = msgspec.structs.replace(settings.desks["NL"], **{name.removeprefix("desk."): found})
        settings = msgspec.structs.replace(settings, desks={"NL": changed})
    else:
        settings = msgspec.structs.replace(settings, **{name: found})
    with pytest.raises(Misconfigured, match=setting):
        await make(settings)
