"""`vigie users`, as an operator runs it, on a real Valkey."""

import json
import re

from tests.integration.vigie_commands import Vigie

NAMED = ("--name", "Zone Dispatcher", "--service", "zone 5341")


async def test_the_first_administrator_is_made_once(vigie: Vigie) -> None:
    """With a password for the first login on standard output, and no other administrator after that."""
    made = await vigie("users", "bootstrap", "first.admin", "--name", "First Admin")
    assert 0 == made.code, made.err
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}\n", made.out)
    again = await vigie("users", "bootstrap", "bru.desk1")
    assert (1, "") == (again.code, again.out)
    assert "first.admin is an administrator already" in again.err


async def test_a_person_is_added_designated_and_disabled(vigie: Vigie) -> None:
    """What is not named is not given; a role that is none is refused."""
    assert 0 == (await vigie("users", "add", "bru.desk1", *NAMED)).code
    rest = ("--zone", "Z-1", "--list", "stolen", "--reason", "decision 12")
    given = await vigie("users", "designate", "bru.desk1", "dispatcher", *rest)
    assert 0 == given.code, given.err
    assert 1 == (await vigie("users", "designate", "bru.desk1", "king", *rest)).code
    assert 0 == (await vigie("users", "disable", "bru.desk1")).code
    (line,) = (await vigie("users", "list", "--json")).out.splitlines()
    shown = json.loads(line)
    assert shown["user"]["disabled"]
    (designation,) = shown["designations"]
    assert (["Z-1"], ["stolen"], "dispatcher") == (designation["zones"], designation["lists"], designation["role"])
    assert {"networks", "everywhere"}.isdisjoint(designation)
    assert designation["granted_by"].startswith("machine:")
    more = await vigie("users", "designate", "bru.desk1", "dispatcher", "--zone", "Z-2", *rest[2:])
    assert 0 == more.code, more.err
    shown = json.loads((await vigie("users", "list", "--json")).out)
    assert [["Z-1"], ["Z-2"]] == [one["zones"] for one in shown["designations"]]


async def test_sessions_are_ended_of_somebody_or_of_everybody(vigie: Vigie) -> None:
    """One of the two must be said, and somebody must be called so."""
    assert 2 == (await vigie("users", "sessions", "end")).code
    assert 0 == (await vigie("users", "sessions", "end", "--all")).code
    assert 1 == (await vigie("users", "sessions", "end", "bru.desk")).code
