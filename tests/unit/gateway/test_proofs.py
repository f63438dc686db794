"""A password that was proven a moment ago is not proven anew, and is worth nothing once its sender has changed."""

import msgspec

from pipeline.gateway.senders import Claim, Proofs
from tests.gateways import make_sender

HEADER = "Basic Q0FNLTE6YQ=="


def test_a_proof_is_good_for_that_version_of_the_sender_alone() -> None:
    """A secret that was revoked, a sender that was removed or changed in any way: the password is looked at again."""
    sender, proofs = make_sender(), Proofs()
    assert proofs.known(HEADER, "/", lambda _: sender) is None
    proofs.keep(HEADER, sender)
    assert (Claim("CAM-1", "", "password", "/x"), sender) == proofs.known(HEADER, "/x", lambda _: sender)
    for now in (None, msgspec.structs.replace(sender, secrets=()), msgspec.structs.replace(sender)):
        assert proofs.known(HEADER, "/", lambda _, now=now: now) is None
    assert proofs.known(HEADER + " ", "/", lambda _: sender) is None


def test_only_so_many_proofs_are_kept() -> None:
    """The oldest go; any text may stand in a header."""
    sender, proofs = make_sender(), Proofs(most=2)
    for header in ("a", "b", "\udcff"):
        proofs.keep(header, sender)
    assert [False, True, True] == [proofs.known(one, "/", lambda _: sender) is not None for one in ("a", "b", "\udcff")]
