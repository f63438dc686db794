"""Whatever a dishonest administrator does to the record, an outsider finds it; `python -m tests.tampering` tries 10,000 times."""

from pathlib import Path
from random import Random

import pytest

from pipeline.record.source import FolderSource
from pipeline.record.verify import verify
from tests.oracles import record_verifier
from tests.tampering import DEEDS, KEY, SIZES, Case, Deed, honest, unseen


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One honest log for all."""
    return honest(tmp_path_factory.mktemp("honest"))


def test_the_honest_log_is_taken(case: Case) -> None:
    """Or the tests below would say nothing."""
    handed_out = [(str(at), note) for at, note in enumerate(case.notes)]
    assert [] == verify(FolderSource(case.folder), [KEY], (), handed_out).faults
    assert SIZES[-1] == record_verifier.accept(case.folder, [KEY.text()], case.notes)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: str(deed.__name__))
def test_a_deed_is_found_by_both_verifiers(case: Case, deed: Deed, tmp_path: Path) -> None:
    """Eight times each, differently."""
    random = Random(deed.__name__)
    assert [[]] * 8 == [unseen(case, deed, random, tmp_path) for _ in range(8)]
