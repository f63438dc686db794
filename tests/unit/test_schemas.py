"""The contracts: ids that never change, and messages that old and new readers and writers understand."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import ids
from schemas.export import FOLDER, MESSAGES, breaking_changes, schema_of, text_of
from schemas.reads import PlateRead, ReadBatch, fault_in, named
from schemas.reference import Policy
from schemas.requests import Exclusion, Watch
from tests.builders import NOON_MS, make_read

WIRE = Path(__file__).parents[1] / "contract" / "wire" / "v1"
SAMPLES = sorted(WIRE.iterdir())
TABLES = ("class_limits_kmh", "identities")
"""Fields whose keys are values, and no names of fields."""
ONE_OF = {Exclusion: ("entry_id", "list_id"), Watch: ("plate",)}
"""Fields that an item may lack only where others stand in their place."""


def message_of(sample: Path) -> Any:
    """The type that a kept sample is of."""
    return MESSAGES[sample.stem.rpartition("-")[0]]


def decoded(data: bytes, sample: Path) -> Any:
    """The message in these bytes, in the sample's encoding."""
    codec = msgspec.msgpack if sample.suffix == ".msgpack" else msgspec.json
    return codec.decode(data, type=message_of(sample))


def encoded(message: Any, sample: Path) -> bytes:
    """The bytes of a message, in the sample's encoding."""
    return msgspec.msgpack.encode(message) if sample.suffix == ".msgpack" else msgspec.json.encode(message)


def plain(sample: Path) -> Any:
    """The sample as plain dicts and lists."""
    codec = msgspec.msgpack if sample.suffix == ".msgpack" else msgspec.json
    return codec.decode(sample.read_bytes())


def with_unknown_fields(node: Any) -> Any:
    """The same with a field that nobody knows in every message of it."""
    if isinstance(node, list):
        return [with_unknown_fields(item) for item in node]
    if isinstance(node, dict):
        known = {key: value if key in TABLES else with_unknown_fields(value) for key, value in node.items()}
        return known | {"added_in_2031": {"some": ["thing"]}}
    return node


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("t-5bc1a510d72ccb96302e460d", ids.track_id("E40-12", 1735689600000, (10, 20, 30, 40))),
        ("r-b8f230338e6bbfde030f0e20", ids.read_id("E40-12", 1735689600000, "1ABC234")),
        ("a-7c1177118718e6987469880d", ids.alert_id("r-1", "e-1")),
        ("v-9825bd22a519c72ac548a12e", ids.violation_id("S1", "r-1", "r-2")),
        ("f-2e861fbe8b9b4f5e138466a0", ids.forward_id("a-1", "FR")),
        ("f-8ffec566d66999105f6c9bd5", ids.forward_id("a-1", "FR", "recall")),
        ("p-98f91855bc9c414bd59da675", ids.receipt_id("f-1", "acknowledged")),
        ("d-c63f9e15a0d39fb922c3e275", ids.dead_letter_id("hotlist", "vigie.reads", 3, 42)),
        ("d-1f47926fad020d28582eddfe", ids.dead_letter_id("hotlist", "vigie.reads", 3, 42, 7)),
    ],
)
def test_ids_never_change(expected: str, found: str) -> None:
    """What was written last year must be recognised as the same today."""
    assert expected == found


def test_ids_of_different_things_differ() -> None:
    """Where one part ends and the next begins is part of the id."""
    assert ids.read_id("E40", 1, "23") != ids.read_id("E40", 12, "3")
    assert ids.forward_id("a", "FR") != ids.forward_id("a", "FR", "recall")
    assert ids.dead_letter_id("s", "t", 1, 2) != ids.dead_letter_id("s", "t", 1, 2, 0)


def test_every_message_has_a_kept_sample() -> None:
    """The least and the fullest of each kind, as version 1 wrote them."""
    assert set(MESSAGES) == {sample.stem.rpartition("-")[0] for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_what_version_1_wrote_is_read_and_written_the_same(sample: Path) -> None:
    """New reader, old writer: nothing is lost, nothing is added; in msgpack a message of many fields begins otherwise."""
    written = encoded(decoded(sample.read_bytes(), sample), sample)
    if sample.suffix == ".msgpack":
        assert msgspec.msgpack.decode(sample.read_bytes()) == msgspec.msgpack.decode(written)
    else:
        assert sample.read_bytes() == written


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_fields_that_a_newer_writer_adds_do_no_harm(sample: Path) -> None:
    """Old reader, new writer: unknown fields are passed over, in every nested message too."""
    newer = encoded(with_unknown_fields(plain(sample)), sample)
    assert decoded(sample.read_bytes(), sample) == decoded(newer, sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_field_with_a_default_may_be_absent(sample: Path) -> None:
    """An older writer does not know it, so its default stands."""
    message, fields = message_of(sample), plain(sample)
    for field in msgspec.structs.fields(message):
        if not field.required and field.name in fields and field.name not in ONE_OF.get(message, ()):
            older = encoded({name: value for name, value in fields.items() if name != field.name}, sample)
            default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            assert default == getattr(decoded(older, sample), field.name)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_committed_schema_is_the_codes_and_breaks_nobody(name: str) -> None:
    """Stale: run `python -m schemas.export`, which refuses what would break readers or writers."""
    committed = (FOLDER / f"{name}.json").read_text()
    assert [] == breaking_changes(json.loads(committed), schema_of(MESSAGES[name]))
    assert text_of(schema_of(MESSAGES[name])) == committed


def test_no_schema_of_a_message_that_is_gone_is_left() -> None:
    """One file per topic and kind of reference data, and no other."""
    assert {f"{name}.json" for name in MESSAGES} == {path.name for path in FOLDER.iterdir()}


def changed(change: Any) -> list[str]:
    """What breaks when the policy's schema is changed so."""
    old = schema_of(Policy)
    new = copy.deepcopy(old)
    change(new["$defs"]["Policy"])
    return breaking_changes(old, new)


def test_a_new_field_with_a_default_breaks_nobody() -> None:
    """The one way to change a message, besides its words."""
    assert [] == changed(lambda policy: policy["properties"].update(extra={"type": "string", "default": ""}))
    assert [] == changed(lambda policy: policy.update(description="other words"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda policy: policy["properties"].pop("categories"), "categories: removed"),
        (lambda policy: policy["required"].append("zones"), "zones: newly required"),
        (
            lambda policy: (policy["properties"].update(a={}), policy["required"].append("a")),
            "a: new without a default",
        ),
        (lambda policy: policy["required"].remove("purpose"), "purpose: no longer required"),
        (
            lambda policy: policy["properties"]["min_confidence"].update(minimum=0.5),
            "min_confidence.minimum: was 0.0, is 0.5",
        ),
        (lambda policy: policy["properties"]["per_case"].update(default=True), "per_case.default: was false, is true"),
        (
            lambda policy: policy["properties"]["purpose"].update(type="integer"),
            'purpose.type: was "string", is "integer"',
        ),
        (lambda policy: policy["properties"]["lists"]["items"]["enum"].pop(), "lists.items.enum"),
        (lambda policy: policy["properties"]["purpose"].pop("maxLength"), "purpose.maxLength: was 1000, is null"),
    ],
)
def test_any_other_change_is_named_with_its_place(change: Any, expected: str) -> None:
    """Removed, newly required, narrowed, widened, another default: each would be misread by one side."""
    (found,) = changed(change)
    assert expected in found


def test_exported_patterns_are_ecma_regular_expressions() -> None:
    """JSON Schema's readers do not know Python's anchors."""
    assert not [name for name, message in MESSAGES.items() if r"\\A" in text_of(schema_of(message))]


@pytest.mark.parametrize(
    "fields",
    [
        {"plate": ""}, {"plate": "1-ABC-234"}, {"plate": "\u0410BC"}, {"plate": "A" * 17}, {"confidence": 1.01},
        {"captured_at_ms": -1}, {"captured_at_ms": 4_102_444_800_001}, {"camera_id": "a b"}, {"country": "B"},
        {"heading_deg": 361}, {"lane": -1}, {"plate": "1ABC234\n"},
    ],
)  # fmt: skip
def test_a_read_that_breaks_the_contract_is_refused(fields: dict[str, Any]) -> None:
    """Empty, not compact, no probability, no time, no country: named by the field."""
    wire = msgspec.json.encode(msgspec.to_builtins(make_read()) | fields)
    try:
        fault = fault_in((make_read(), msgspec.json.decode(wire, type=PlateRead)))
    except msgspec.ValidationError as error:
        fault = str(error)
    assert fault is not None
    assert next(iter(fields)) in fault


@pytest.mark.parametrize("field", ["camera_id", "plate", "raw"])
def test_two_names_in_one_are_not_two_names(field: str) -> None:
    """The names of many reads are looked at together, a line each: no name may hold a line's end, or be none."""
    for name in ("A\nB", "A\n", "\nA", ""):
        assert f"`$.reads[1].{field}`" in str(
            fault_in((make_read(), msgspec.structs.replace(make_read(), **{field: name})))
        )
    assert fault_in(()) is None
    assert fault_in((make_read(), make_read(country=None))) is None


def test_a_batch_holds_one_to_a_hundred_reads() -> None:
    """None would be a record about nothing, more would not fit the limits."""
    read = msgspec.to_builtins(make_read())
    for count, fits in ((0, False), (1, True), (100, True), (101, False)):
        wire = msgspec.json.encode({"reads": [read] * count})
        if fits:
            assert count == len(msgspec.json.decode(wire, type=ReadBatch).reads)
        else:
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(wire, type=ReadBatch)


def test_a_read_bears_the_id_that_its_fields_give_whatever_was_sent() -> None:
    """Two passages sent under one id are two; a read that bears its own stays the very same."""
    own = make_read()
    assert own is named(own)
    assert own == named(msgspec.structs.replace(own, read_id="r-b8f230338e6bbfde030f0e20"))
    one, other = (named(make_read(captured_at_ms=at_ms, read_id="r-1")) for at_ms in (NOON_MS, NOON_MS + 60_000))
    assert one.read_id != other.read_id


@pytest.mark.parametrize(
    "path", ["../../etc/shadow", "/etc/shadow", "2026-01-01/../x.jpg", "2026-01-01/aa.jpg\n", "2026-01-01/aa.svg", ""]
)
@pytest.mark.parametrize("field", ["crop", "overview"])
def test_a_reference_that_leads_out_of_the_evidence_store_is_refused(field: str, path: str) -> None:
    """A path is a day and a digest, alone or among many."""
    wrong = msgspec.structs.replace(make_read(), **{field: path})
    for reads in ((wrong,), (make_read(crop="2026-01-01/aa.jpg"), wrong)):
        assert f"`$.reads[{len(reads) - 1}].{field}`" in str(fault_in(reads))


@pytest.mark.parametrize(
    ("fields", "named_field"),
    [
        ({"read_id": "r" * 900_000}, "read_id"),
        ({"alternatives": [{"text": "1ABC234", "probability": 0.1}] * 20_000}, "alternatives"),
        ({"purposes": ["hotlist"] * 10_000}, "purposes"),
        ({"lane": 10**40}, "lane"),
    ],
)
def test_what_a_sender_may_make_a_reader_pay_is_bounded(fields: dict[str, Any], named_field: str) -> None:
    """Ids, lists and numbers of any size are refused by their field."""
    with pytest.raises(msgspec.ValidationError, match=named_field):
        msgspec.convert(msgspec.to_builtins(make_read()) | fields, PlateRead)
