"""`vigie users key`: a magistrate's key for signatures that is a file of his own. Registering one takes two administrators,
through the desks."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from pipeline.access.signing import Enrolment, SignedText, enrolled, fault_of
from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.users_work import known_user, open_store, operator_id, person_of
from pipeline.errors import BadRecord
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.signing_files import new_key, open_key
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import SIGNING_KEYS
from schemas.base import UNREADABLE
from schemas.people import SigningKey

M = TypeVar("M", Enrolment, SignedText)
console = Terminal(soft_wrap=False)
key_app = typer.Typer(help="Keys by which magistrates sign authorisations.", no_args_is_help=True, epilog=EXIT_CODES)
UserId = Annotated[str, typer.Argument(metavar="USER", help="The account's name.")]
KeyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file with the key; its owner alone may read it.")]


@key_app.command("create", epilog=EXIT_CODES)
def create(user: UserId, file: KeyFile) -> None:
    """Make a key and print its enrolment, one JSON line; no server is needed. The file is encrypted with a passphrase.

    Its owner runs it on a machine of his own, and hands the enrolment in on the page of the desks, or to `vigie users key enrol`.

    Example: vigie users key create marie.dubois marie.key > enrolment.json
    """
    passphrase = _passphrase(again=True)
    print_json(msgspec.to_builtins(new_key(file, passphrase, user)))
    errors.print(f"{file} is the key. Whoever has it and the passphrase signs as {user}: keep it to yourself.")


@key_app.command("sign", epilog=EXIT_CODES)
def sign(file: KeyFile, text: Annotated[Path, typer.Argument(help="The text of the authorisation, UTF-8.")]) -> None:
    """Sign a text and print the signed text, one JSON line; no server is needed.

    Example: vigie users key sign marie.key authorisation.txt > signed.json
    """
    try:
        content = text.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecord("unreadable", f"{text} cannot be read as text: {error}") from error
    print_json(msgspec.to_builtins(open_key(file, _passphrase()).sign(content, platform_now_ms())))


@key_app.command("enrol", epilog=EXIT_CODES)
def enrol(
    user: UserId, enrolment: Annotated[Path, typer.Argument(help="What `vigie users key create` printed.")]
) -> None:
    """Enrol a person's key. It counts once two administrators have registered it, through the desks.

    Example: vigie users key enrol marie.dubois enrolment.json
    """
    made = enrolled(user, _read(enrolment, Enrolment), platform_now_ms())

    async def run() -> None:
        async with open_store("key enrol", user, made.key_id) as store:
            await known_user(store, user)
            if await store.writer.get(SIGNING_KEYS, made.key_id) is not None:
                raise BadRecord("known_key", f"{made.key_id} was enrolled before")
            await store.writer.put(SIGNING_KEYS, [made])

    run_async(run)
    errors.print(f"{made.key_id} of {user} waits until two administrators register it.")


@key_app.command("verify", epilog=EXIT_CODES)
def verify(
    signed: Annotated[Path, typer.Argument(help="What `vigie users key sign` printed.")],
    as_json: Annotated[bool, typer.Option("--json", help="The verdict as JSON.")] = False,
) -> None:
    """Say whether a signature counts now, and whose it is. Ends with 1 when it does not.

    Example: vigie users key verify signed.json
    """
    given, now_ms = _read(signed, SignedText), platform_now_ms()

    async def run() -> tuple[str | None, str | None]:
        async with open_store("key verify", given.key_id) as store:
            key = await store.writer.get(SIGNING_KEYS, given.key_id)
            signer = None if key is None else await person_of(store, key.user_id)
            fault = fault_of(given, key, signer, now_ms)
            return None if key is None else key.user_id, None if fault is None else f"{fault.rule}: {fault.permits}"

    user, fault = run_async(run)
    if as_json:
        print_json({"counts": fault is None, "user_id": user, "fault": fault})
    elif fault is None:
        console.print(f"{user} has signed this.")
    if fault is not None:
        errors.print(f"This signature does not count. What would: {fault.partition(': ')[2]}.", style="red")
        raise typer.Exit(EXIT_REFUSED)


@key_app.command("list", epilog=EXIT_CODES)
def list_(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the keys with their owners.

    Example: vigie users key list
    """

    async def run() -> list[SigningKey]:
        async with open_store("key list") as store:
            return list(await store.writer.list(SIGNING_KEYS))

    keys = sorted(run_async(run), key=lambda one: (one.user_id, one.enrolled_at_ms))
    grid = Table("key", "user", "state")
    for one in keys:
        if as_json:
            print_json(msgspec.to_builtins(one))
        grid.add_row(one.key_id, one.user_id, _state(one))
    if not as_json:
        console.print(grid if keys else "No keys yet: vigie users key create")


@key_app.command("revoke", epilog=EXIT_CODES)
def revoke(key: Annotated[str, typer.Argument(help="A key_id, as `vigie users key list` shows it.")]) -> None:
    """Revoke a key: from now on nothing that it signs counts. It cannot be undone.

    Example: vigie users key revoke k-0123456789abcdef01234567
    """

    async def run() -> None:
        async with open_store("key revoke", key) as store:
            known = await store.writer.get(SIGNING_KEYS, key)
            if known is None:
                raise BadRecord("unknown_key", f"there is no key {key}: vigie users key list")
            if known.revoked_at_ms is None:
                revoked = msgspec.structs.replace(known, revoked_at_ms=platform_now_ms(), revoked_by=operator_id())
                await store.writer.put(SIGNING_KEYS, [revoked])

    run_async(run)
    errors.print(f"{key} is revoked.")


def _state(key: SigningKey) -> str:
    if key.revoked_at_ms is not None:
        return "revoked"
    return "registered" if key.registered_by and key.approved_by else "waits for registration"


def _passphrase(*, again: bool = False) -> bytes:
    """What is typed at a terminal, else the first line of standard input. again: it is typed twice at a terminal; raises BadRecord
    where the two differ."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline().rstrip("\n")
    else:
        given = getpass.getpass("Passphrase: ")
        if again and given != getpass.getpass("Once more: "):
            raise BadRecord("passphrase", "the two are not the same")
    return given.encode()


def _read(path: Path, kind: type[M]) -> M:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, *UNREADABLE) as error:
        raise BadRecord("unreadable", f"{path} is not what this command takes: {error}") from error
