"""The evidence store in a folder and in an S3-compatible service that runs here."""

import asyncio
import resource
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.evidence.retention import delete_old, keep_deleting
from pipeline.evidence.store import EvidenceMissing, EvidenceStore
from pipeline.evidence.troubles import unavailable_name

DAY_MS = 86_400_000
MARCH_1_MS = 1_772_323_200_000
JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The URL of a bucket in a service of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    credentials = {"aws_access_key_id": "tester", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", **credentials).create_bucket(
        Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    yield (
        f"s3://evidence/be?endpoint=http://{host}:{port}&region=eu-west-1&access_key_id=tester&secret_access_key=secret"
    )
    server.stop()


@pytest.fixture(params=["folder", "file_url", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    """The same contract for every kind of store."""
    if request.param == "s3":
        url: str = request.getfixturevalue("s3_url")
        return EvidenceStore.open(url.replace("/be?", f"/{secrets.token_hex(4)}?"))
    folder = tmp_path / "a folder"
    return EvidenceStore.open(folder if request.param == "folder" else folder.as_uri())


async def test_a_picture_is_found_again_by_its_path(store: EvidenceStore) -> None:
    """The path names day and content."""
    path = await store.put(MARCH_1_MS + 5, JPEG)
    assert f"2026-03-01/{sha256(JPEG).hexdigest()}.jpg" == path
    assert JPEG == await store.get(path)
    assert await store.exists(path)


async def test_the_same_picture_has_the_same_path(store: EvidenceStore) -> None:
    """Storing it again after a crash is harmless."""
    assert await store.put(MARCH_1_MS, JPEG) == await store.put(MARCH_1_MS + DAY_MS - 1, JPEG)
    assert await store.put(MARCH_1_MS, JPEG) != await store.put(MARCH_1_MS + DAY_MS, JPEG)


async def test_a_png_is_called_one(store: EvidenceStore) -> None:
    """The suffix says what the picture is."""
    path = await store.put(MARCH_1_MS, PNG)
    assert path.endswith(".png")
    assert await store.exists(path)


async def test_a_missing_picture_is_a_bad_record(store: EvidenceStore) -> None:
    """It was never there, or its retention ended: no waiting brings it back."""
    path = f"2026-03-01/{'0' * 64}.jpg"
    assert not await store.exists(path)
    with pytest.raises(EvidenceMissing):
        await store.get(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../../etc/passwd",
        f"2026-03-01/../2026-03-01/{'0' * 64}.jpg",
        f"2026-03-01/{'0' * 64}.jpg/../x",
        f"2026-03-01/{'0' * 63}.jpg",
        f"2026-03-01%2f{'0' * 64}.jpg",
        f"2026-03-01/{'0' * 64}.jpg\n",
        f"2026-03-01/{'0' * 64}.jpg\x00",
        f"٢٠٢٦-03-01/{'0' * 64}.jpg",
        f"2026-03-01\\{'0' * 64}.jpg",
    ],
)
async def test_a_path_that_put_never_gave_is_refused(store: EvidenceStore, path: str) -> None:
    """Whoever writes a message cannot read other files with it."""
    with pytest.raises(BadRecord, match="bad_evidence_path"):
        await store.get(path)
    with pytest.raises(BadRecord, match="bad_evidence_path"):
        await store.exists(path)


async def test_days_before_the_retention_are_dropped(store: EvidenceStore) -> None:
    """A day goes at once; later days stay."""
    old = [await store.put(MARCH_1_MS + day * DAY_MS, b"%d" % day) for day in (-40, -39, -38)]
    kept = [await store.put(MARCH_1_MS + day * DAY_MS, b"%d" % day) for day in (0, 1)]
    assert len(old) == await delete_old(store, 30, MARCH_1_MS + 28 * DAY_MS)
    assert [False, False, False, True, True] == [await store.exists(path) for path in old + kept]
    assert 0 == await delete_old(store, 30, MARCH_1_MS + 28 * DAY_MS)
    assert 2 == await delete_old(store, 30, MARCH_1_MS + 400 * DAY_MS)


async def test_pictures_are_kept_for_as_many_days_as_the_settings_say(store: EvidenceStore) -> None:
    """The day that ended longer ago goes."""
    old, kept = [await store.put(MARCH_1_MS - days * DAY_MS, b"%d" % days) for days in (21, 20)]
    assert 1 == await delete_old(store, 20, MARCH_1_MS)
    assert [False, True] == [await store.exists(path) for path in (old, kept)]


async def wait_for(event: asyncio.Event) -> None:
    """Return when it is set."""
    await event.wait()


async def test_deleting_goes_on_until_it_is_stopped(store: EvidenceStore) -> None:
    """And deletes at once, not after the first hour."""
    old = await store.put(MARCH_1_MS, JPEG)
    known = asyncio.Event()
    deleting = asyncio.create_task(
        keep_deleting(store, 30, lambda: MARCH_1_MS + 31 * DAY_MS, holds_known=lambda: wait_for(known))
    )
    await asyncio.sleep(0.1)
    assert await store.exists(old), "which cases are open is not known yet"
    known.set()
    async with asyncio.timeout(30):
        while await store.exists(old):  # noqa: ASYNC110 - a file goes, nobody tells of it
            await asyncio.sleep(0)
    assert not deleting.done()
    deleting.cancel()
    assert [True] == [
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(deleting, return_exceptions=True)
    ]


async def test_a_picture_that_was_changed_is_found_out(tmp_path: Path) -> None:
    """Evidence that is not what was stored is no evidence."""
    store = EvidenceStore.open(tmp_path)
    path = await store.put(MARCH_1_MS, JPEG)
    (tmp_path / path).write_bytes(JPEG[:-1])
    with pytest.raises(BadRecord, match="evidence_changed"):
        await store.get(path)
    assert path == await store.put(MARCH_1_MS, JPEG)
    assert JPEG == await store.get(path)


async def test_of_several_places_the_first_is_written_and_all_are_read_and_cleaned(tmp_path: Path) -> None:
    """Each process that writes has a place of its own; who reads and who deletes is told of all."""
    reader, gateway = (tmp_path / name for name in ("reader's own", "gateway"))
    paths = [
        await EvidenceStore.open(reader).put(MARCH_1_MS, JPEG),
        await EvidenceStore.open(gateway).put(MARCH_1_MS, PNG),
    ]
    both = EvidenceStore.open(f"{reader.as_uri()} {gateway.as_uri()}")
    assert [JPEG, PNG] == [await both.get(path) for path in paths]
    assert [True, True] == [await both.exists(path) for path in paths]
    (reader / paths[1]).write_bytes(b"put there by whoever took the reader over")
    assert PNG == await both.get(paths[1])
    later = await both.put(MARCH_1_MS + DAY_MS, JPEG)
    assert (reader / later).exists()
    assert ["2026-03-01", "2026-03-02"] == await both.days()
    assert 1 == await both.drop_day("2026-03-01", held=[paths[1]])
    assert PNG == await both.get(paths[1])
    assert 2 == await both.drop_day("2026-03-01")
    assert ["2026-03-02"] == await both.days()
    assert JPEG == await both.get(later)


async def test_dropped_days_leave_no_empty_folder(tmp_path: Path) -> None:
    """Also half-written files of a crash go with their day."""
    store = EvidenceStore.open(tmp_path)
    path = tmp_path / await store.put(MARCH_1_MS, JPEG)
    path.with_name(path.name + "#1").write_bytes(b"half")
    await store.drop_day("2026-03-01")
    assert not (tmp_path / "2026-03-01").exists()


async def test_pictures_that_come_together_are_all_whole(store: EvidenceStore) -> None:
    """Also the same one several times: whoever reads sees all of it."""
    pictures = [JPEG + bytes([number % 7]) * 100_000 for number in range(21)]
    paths = await asyncio.gather(*(store.put(MARCH_1_MS, one) for one in pictures))
    assert 7 == len(set(paths))
    assert pictures == [await store.get(path) for path in paths]


async def test_a_picture_that_a_full_disk_cuts_off_is_not_there(tmp_path: Path) -> None:
    """The sender is told to come again, and nothing of it lies about; once there is room it is stored."""
    store = EvidenceStore.open(tmp_path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(Unavailable, match="evidence store"):
            await store.put(MARCH_1_MS, JPEG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [] == list((tmp_path / "2026-03-01").iterdir())
    assert JPEG == await store.get(await store.put(MARCH_1_MS, JPEG))


async def test_a_service_that_is_away_is_unavailable() -> None:
    """Nobody listens there: the stage waits."""
    url = "s3://evidence?endpoint=http://127.0.0.1:1&region=x&access_key_id=a&secret_access_key=b"
    with pytest.raises(Unavailable, match="evidence store"):
        await EvidenceStore.open(url).put(MARCH_1_MS, JPEG)


async def test_a_bucket_that_does_not_exist_is_unavailable(s3_url: str) -> None:
    """Its pictures wait until somebody makes it."""
    with pytest.raises(Unavailable, match="evidence store"):
        await EvidenceStore.open(s3_url.replace("//evidence/", "//nobody/")).put(MARCH_1_MS, JPEG)


async def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    """The disk is not as it should be."""
    (tmp_path / "evidence").write_text("")
    with pytest.raises(Unavailable, match="evidence store"):
        EvidenceStore.open(tmp_path / "evidence")


def test_a_full_disk_is_named() -> None:
    """The operator reads what is wrong."""
    assert "evidence store (disk full)" == unavailable_name("Generic LocalFileSystem error: ... (os error 28)")


@pytest.mark.parametrize(
    "url",
    ["", "file:///my evidence", "ftp://host/x", "s3://", "s3://bucket?secret=1", "file://elsewhere/x", "gs://bucket/x"],
)
def test_another_url_is_misconfigured(url: str) -> None:
    """The message names the setting and what it may be."""
    with pytest.raises(Misconfigured, match="VIGIE_EVIDENCE_URL"):
        EvidenceStore.open(url)
