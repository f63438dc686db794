"""`vigie desk key` and `say`: keys for signing, and what a neighbour says later of a message."""

from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

from pipeline.commands.common import print_json
from pipeline.neighbours.later import LaterWord, Refusal, sign_later
from pipeline.neighbours.published import key_set_of, without
from pipeline.neighbours.signatures import generate_private_pem, public_pem_of
from pipeline.receiver.credentials import FOR_EVERYBODY, DeskCredentials
from pipeline.receiver.files import signing_key
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.private import write_private
from schemas.base import Country


def make_key(
    file: Annotated[Path | None, typer.Argument(help="Where the new private key goes; it may not exist yet.")] = None,
    publish: Annotated[Path, typer.Option(help="The file of public keys, setting liaison.published_keys_file.")] = Path(
        "keys.pem"
    ),
    retire: Annotated[str | None, typer.Option(metavar="KID", help="Take this public key out instead.")] = None,
) -> None:
    """Make the next signing key and publish it beside the present one, or take an old one out. Prints what is published.

    Without a gap: publish the next key; when every neighbour has fetched GET /api/v1/keys, name it in signing_key_file and restart
    liaison; take the old one out a week later, when nothing that it signed counts any more.

    Example: vigie desk key next-key.pem --publish keys.pem
    """
    if (file is None) == (retire is None):
        raise typer.BadParameter("name the file of a new key, or --retire KID", param_hint="FILE")
    published = publish.read_bytes() if publish.exists() else b""
    try:
        if retire is not None:
            left = without(published, retire)
        else:
            assert file is not None, "checked above"
            left = published + _new_key(file)
        keys = key_set_of("BE", left)
    except ValueError as error:
        raise typer.BadParameter(f"{publish}: {error}", param_hint="--publish") from error
    write_private(publish, left, mode=FOR_EVERYBODY)
    print_json({"published": [key.kid for key in keys.keys]})


def _new_key(file: Path) -> bytes:
    """Write a new private key to the file. Returns its public half, PEM. Raises typer.BadParameter where the file exists."""
    if file.exists():
        raise typer.BadParameter(f"{file} is there already", param_hint="FILE")
    private = generate_private_pem()
    write_private(file, private)
    return public_pem_of(private)


def say(
    forward_id: Annotated[str, typer.Argument(help="Of a message that the desk took.")],
    outcome: Annotated[str, typer.Argument(help="accepted, stopped, not_found, or refused with --why.")],
    credentials: Annotated[
        Path, typer.Option(help="Folder that `vigie desk credentials` filled; of it `desk` is read.")
    ],
    country: Annotated[str, typer.Option(help="Whose desk says it.")] = "NL",
    why: Annotated[str | None, typer.Option(help="Of a refusal: one of " + ", ".join(get_args(Refusal)) + ".")] = None,
    reference: Annotated[str | None, typer.Option(help="The desk's own, for phone calls about the case.")] = None,
    detail: Annotated[str | None, typer.Option(help="In words; the reason `other` needs it.")] = None,
) -> None:
    """Sign what came of a message, and print it as its sender takes it: POST /api/v1/feeds/forwards/outcomes.

    Example: vigie desk say f-0123456789abcdef01234567 stopped --credentials keys --reference NL-77
    """
    check_country("--country", country)
    given: dict[str, object] = {"forward_id": forward_id, "from_country": country, "outcome": outcome, "reason": why}
    given |= {"reference": reference, "detail": detail, "at_ms": platform_now_ms()}
    try:
        word = msgspec.convert(given, LaterWord)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from error
    key = signing_key("signing key", DeskCredentials.in_folder(credentials).desk_sign_key)
    print_json({"forward_id": forward_id, "signed": sign_later(word, key)})


def check_country(option: str, country: str) -> None:
    try:
        msgspec.convert(country, Country)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(f"{country!r} is no country of two capital letters", param_hint=option) from error
