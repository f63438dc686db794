"""`vigie users`: who may log in, what each is designated for, and the end of sessions. The rest is done in a browser."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from pipeline.access.organisation import Binding
from pipeline.access.rights import designations_at, persons_of
from pipeline.access.roles import RIGHTS, ROLES
from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.users_key import key_app
from pipeline.commands.users_work import (
    add_user,
    designation_of,
    known_user,
    made_of,
    new_password,
    numbered,
    open_store,
)
from pipeline.errors import BadRecord
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import DESIGNATIONS, USERS
from schemas.people import Designation, User

console = Terminal(soft_wrap=False)
users_app = typer.Typer(help="Who may log in, and what each may do.", no_args_is_help=True, epilog=EXIT_CODES)
sessions_app = typer.Typer(help="Who is logged in.", no_args_is_help=True, epilog=EXIT_CODES)
users_app.add_typer(sessions_app, name="sessions")
users_app.add_typer(key_app, name="key")
UserId = Annotated[str, typer.Argument(metavar="USER", help="The account's name: letters, digits and . _ : -")]
Reason = Annotated[str, typer.Option(help="The decision that it rests on: its date and number.")]
Days = Annotated[int, typer.Option(help="For how many days it holds.", min=1, max=3660)]


@users_app.command("bootstrap")
def bootstrap(user: UserId, name: Annotated[str, typer.Option(help="First and last name.")] = "",
              service: Annotated[str, typer.Option(help="Whom the person works for.")] = "administration") -> None:  # fmt: skip
    """Make the first administrator and print a password for the first login. Refused once there is an administrator.

    Example: vigie users bootstrap first.admin --name "First Admin"
    """

    async def run() -> str:
        async with open_store("bootstrap", user) as store:
            for known in await store.writer.list(DESIGNATIONS):
                if known.role == "administrator":
                    raise BadRecord(
                        "administrator_exists", f"{known.user_id} is an administrator already and can add others"
                    )
            password = await add_user(store, made_of(User, user_id=user, name=name or user, service=service))
            await store.writer.put(DESIGNATIONS, [designation_of(user, "administrator", "first administrator", 365)])
            return password

    _tell_password(user, run_async(run))


@users_app.command("add")
def add(user: UserId, name: Annotated[str, typer.Option(help="First and last name.")],
        service: Annotated[str, typer.Option(help="The police zone, court or authority.")]) -> None:  # fmt: skip
    """Add a person and print a password for the first login. It gives no right: see `vigie users designate`.

    Example: vigie users add bru.desk1 --name "Zone Dispatcher" --service "zone 5341"
    """

    async def run() -> str:
        async with open_store("add", user) as store:
            if await store.writer.get(USERS, user) is not None:
                raise BadRecord(
                    "known_user", f"{user} is known; `vigie users password {user}` makes a new first password"
                )
            return await add_user(store, made_of(User, user_id=user, name=name, service=service))

    _tell_password(user, run_async(run))


@users_app.command("password")
def password(user: UserId) -> None:
    """Give a person a new password for the first login in place of all other ways to log in (password, passkeys, identity
    provider), and end the sessions that are open.

    Example: vigie users password bru.desk1
    """

    async def run() -> str:
        async with open_store("password", user) as store:
            await known_user(store, user)
            return await new_password(store, user)

    _tell_password(user, run_async(run))


@users_app.command("bind")
def bind(
    user: UserId,
    subject: Annotated[str, typer.Argument(help="The person's subject (sub) at the identity provider.")],
    issuer: Annotated[str | None, typer.Option(help="The provider; VIGIE_OIDC_ISSUER unless given.")] = None,
) -> None:
    """Let a login at the organisation's identity provider open an account, in place of the one that did before. A person can also
    do so himself, in a browser.

    Example: vigie users bind bru.desk1 4f1c2a8e-77d0-4c35-9a43-1f0d2f7a9b61
    """
    provider = issuer or load_settings().oidc_issuer
    if provider is None:
        raise typer.BadParameter("name the provider, or set VIGIE_OIDC_ISSUER", param_hint="--issuer")
    made = made_of(Binding, issuer=provider, subject=subject, added_ms=platform_now_ms())

    async def run() -> bool:
        async with open_store("bind", user) as store:
            await known_user(store, user)
            return await store.credentials.bind(user, made)

    if not run_async(run):
        errors.print("This subject opens another account already.", style="red")
        raise typer.Exit(EXIT_REFUSED)
    errors.print(f"{subject} at {provider} opens the account {user}.")


@users_app.command("designate")
def designate(
    user: UserId,
    role: Annotated[str, typer.Argument(help="One of: " + ", ".join(ROLES) + ".")],
    reason: Reason,
    zones: Annotated[list[str] | None, typer.Option("--zone", help="In this zone. May be repeated.")] = None,
    networks: Annotated[list[str] | None, typer.Option("--network", help="For cameras of this network.")] = None,
    lists: Annotated[list[str] | None, typer.Option("--list", help="For this list.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In every zone, and where no zone is.")] = False,
    days: Days = 365,
    trained_days: Annotated[int, typer.Option(help="For how many days the training lasts.", min=1, max=3660)] = 365,
) -> None:
    """Designate a person for a role, for a time. What is not named is not given: no --zone and no --everywhere is nowhere.

    Example: vigie users designate bru.desk1 dispatcher --zone BRUSSELS --network federal --list stolen --reason "decision 12/2026"
    """
    fields = {"zones": zones or [], "networks": networks or [], "lists": lists or [], "everywhere": everywhere}
    wanted = designation_of(user, role, reason, days, trained_days, fields)

    async def run() -> Designation:
        async with open_store("designate", user, role) as store:
            await known_user(store, user)
            made = await numbered(store, wanted)
            await store.writer.put(DESIGNATIONS, [made])
            return made

    made: Designation = run_async(run)
    until = datetime.fromtimestamp(min(made.valid_until_ms, made.trained_until_ms) / 1000, UTC).date()
    errors.print(f"{user} is {role.replace('_', ' ')} until {until} ({made.designation_id}).")


@users_app.command("withdraw")
def withdraw(
    designation: Annotated[str, typer.Argument(help="A designation_id, as `vigie users list` shows it.")],
) -> None:
    """End a designation now.

    Example: vigie users withdraw bru.desk1-dispatcher-20261129
    """

    async def run() -> int:
        async with open_store("withdraw", designation) as store:
            return (await store.writer.remove(DESIGNATIONS, [designation])).removed

    if not run_async(run):
        errors.print(f"There is no designation {designation}.", style="red")
        raise typer.Exit(EXIT_REFUSED)


@users_app.command("disable")
def disable(
    user: UserId, enable: Annotated[bool, typer.Option("--enable", help="Enable the account again instead.")] = False
) -> None:
    """Disable an account and end its sessions. Nothing about it is forgotten. With --enable its sessions end, too.

    Example: vigie users disable bru.desk1
    """

    async def run() -> None:
        async with open_store("enable" if enable else "disable", user) as store:
            known = await known_user(store, user)
            await store.writer.put(USERS, [msgspec.structs.replace(known, disabled=not enable, holds_from_ms=None)])
            await store.sessions.end_all(user)

    run_async(run)
    errors.print(f"{user} may log in again." if enable else f"{user} may not log in any more; every session has ended.")


@users_app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List persons with what they are designated for now; with --json every designation, in force or not.

    Example: vigie users list --json
    """

    async def run() -> list[Any]:
        async with open_store("list") as store:
            users = {one.user_id: one for one in await store.writer.list(USERS)}
            return list(persons_of(users, await store.writer.list(DESIGNATIONS)).values())

    persons, now_ms = run_async(run), platform_now_ms()
    if as_json:
        for one in persons:
            print_json({"user": msgspec.to_builtins(one.user), "designations": msgspec.to_builtins(one.designations)})
        return
    grid = Table("user", "name", "service", "designations that hold now")
    for one in persons:
        held = "disabled" if one.user.disabled else ", ".join(d.designation_id for d in designations_at(one, now_ms))
        grid.add_row(one.user_id, one.user.name, one.user.service, held or "none")
    console.print(grid if persons else "Nobody yet: vigie users bootstrap")


@users_app.command("roles")
def roles(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the roles and what each may do.

    Example: vigie users roles
    """
    grid = Table("role", "may")
    for role, rights in RIGHTS.items():
        if as_json:
            print_json({"role": role, "acts": list(rights)})
        grid.add_row(role, ", ".join(rights))
    if not as_json:
        console.print(grid)


@sessions_app.command("end")
def end_sessions(
    user: Annotated[str | None, typer.Argument(help="Whose. Without it, give --all.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
) -> None:
    """End every session of a person, or of everybody, at once.

    Example: vigie users sessions end --all
    """
    if everybody == (user is not None):
        raise typer.BadParameter("give a user, or --all")

    async def run() -> None:
        async with open_store("sessions end", user or "all") as store:
            if user is not None:
                await known_user(store, user)
            await store.sessions.end_all(user)

    run_async(run)
    errors.print(f"Every session{'' if user is None else f' of {user}'} has ended.")


def _tell_password(user: str, made: str) -> None:
    errors.print(f"{user} logs in with this password once, and then chooses another:")
    typer.echo(made)
