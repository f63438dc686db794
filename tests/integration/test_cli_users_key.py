"""`vigie users key` and `vigie users bind`, as a magistrate and an operator run them."""

import asyncio
import json
import sys
from pathlib import Path

from tests.integration.vigie_commands import Vigie

MARIE = "marie.dubois"


async def offline(*arguments: str, passphrase: str = "seven green herons") -> str:
    """The standard output of a command without servers, whose passphrase comes from a pipe."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.cli", "users", "key", *arguments, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(f"{passphrase}\n".encode())
    assert process.returncode == 0, err.decode()
    assert passphrase not in err.decode()
    return out.decode()


async def test_a_key_is_made_offline_enrolled_and_counts_for_nothing_until_it_is_registered(
    vigie: Vigie, tmp_path: Path
) -> None:
    """Its owner signs with it; the platform says what is missing; an enrolment is for one person, and what is revoked stays so."""
    key, enrolment, text, signed = (tmp_path / name for name in ("key", "enrolment.json", "text", "signed.json"))
    enrolment.write_text(await offline("create", MARIE, str(key)))
    assert b"ENCRYPTED" in key.read_bytes()
    text.write_text("Access to the reads of plate 1ABC234, 2 to 9 May.")
    signed.write_text(await offline("sign", str(key), str(text)))
    for user in (MARIE, "jan.claes"):
        assert 0 == (await vigie("users", "add", user, "--name", user, "--service", "court")).code
    assert 1 == (await vigie("users", "key", "enrol", "jan.claes", str(enrolment))).code
    enrolled = await vigie("users", "key", "enrol", MARIE, str(enrolment))
    assert 0 == enrolled.code, enrolled.err
    assert 1 == (await vigie("users", "key", "enrol", MARIE, str(enrolment))).code
    verdict = await vigie("users", "key", "verify", str(signed), "--json")
    assert (1, False, MARIE) == (verdict.code, (said := json.loads(verdict.out))["counts"], said["user_id"])
    assert said["fault"].startswith("key: ")
    (line,) = (await vigie("users", "key", "list", "--json")).out.splitlines()
    assert 0 == (await vigie("users", "key", "revoke", json.loads(line)["key_id"])).code
    (line,) = (await vigie("users", "key", "list", "--json")).out.splitlines()
    assert json.loads(line)["revoked_by"].startswith("machine:")
    assert 1 == (await vigie("users", "key", "verify", str(enrolment))).code


async def test_a_subject_is_bound_to_one_account(vigie: Vigie) -> None:
    """At a provider that is named."""
    for user in (MARIE, "jan.claes"):
        assert 0 == (await vigie("users", "add", user, "--name", user, "--service", "court")).code
    assert 2 == (await vigie("users", "bind", MARIE, "s-4711")).code
    issuer = ("--issuer", "https://login.example.org")
    assert 0 == (await vigie("users", "bind", MARIE, "s-4711", *issuer)).code
    assert 0 == (await vigie("users", "bind", MARIE, "s-4711", *issuer)).code
    taken = await vigie("users", "bind", "jan.claes", "s-4711", *issuer)
    assert (1, True) == (taken.code, "opens another account" in taken.err)
    assert 1 == (await vigie("users", "bind", "nobody.here", "s-1", *issuer)).code
