"""The dictionary of names and the code tables lead both ways; every sample of the wild is read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tongban.doors.gateway import wire
from tongban.doors.gateway.errors import CodeUnknown, MessageMalformed, NodeInvalid
from tongban.doors.gateway.reading import read_input, read_message, read_nodes
from tongban.doors.gateway.transactions import TRANSACTIONS, read_transaction
from tongban.kernel.vocabulary import CareKind, DeliveryKind, InsuranceType
from tongban.settlement import Delivery

SAMPLES = Path(__file__).parent / "samples"


def test_a_name_has_one_translation_either_way() -> None:
    assert len({field.ours for field in wire.FIELDS}) == len(wire.FIELDS)
    assert len({field.wire for field in wire.FIELDS}) == len(wire.FIELDS)
    assert all(field.zh for field in wire.FIELDS)


def test_every_member_of_every_struct_has_a_wire_name() -> None:
    unnamed = {
        (struct.__name__, field.name)
        for struct in _structs()
        for field in msgspec.structs.fields(struct)
        if field.name not in wire.WIRE_NAMES and field.name not in ("data", "output", "answer")
    }
    assert unnamed == set()


def test_every_name_of_the_dictionary_is_used() -> None:
    used = {field.name for struct in _structs() for field in msgspec.structs.fields(struct)}
    assert {field.ours for field in wire.FIELDS} - used == set()


@pytest.mark.parametrize("insurance", list(InsuranceType))
def test_insurance_codes_lead_back(insurance: InsuranceType) -> None:
    assert wire.insurance_of(wire.INSURANCE_CODES[insurance]) is insurance


@pytest.mark.parametrize(
    "table",
    [wire.CATEGORY_CODES, wire.CATALOG_CLASS_CODES, wire.CLEARING_CODES, wire.PLACE_CODES, wire.POOLED_FUNDS],
)
def test_a_table_covers_its_vocabulary_and_is_unambiguous(table: dict[Any, Any]) -> None:
    kinds = {type(key) for key in table}
    assert len(kinds) == 1
    assert set(table) == set(kinds.pop())
    assert len(set(table.values())) == len(table)


def test_former_insurance_schemes_are_resident_insurance_and_others_are_refused() -> None:
    assert wire.insurance_of("391") is InsuranceType.RESIDENT
    with pytest.raises(CodeUnknown, match="310"):
        wire.insurance_of("340")


def test_care_types_say_what_kind_of_care() -> None:
    assert wire.care_type_of("21").kind is CareKind.INPATIENT
    assert wire.care_type_of("14").kind is CareKind.CHRONIC
    assert wire.care_type_of("22").is_trauma
    with pytest.raises(CodeUnknown, match="med_type 是 71"):
        wire.care_type_of("71")


def test_births_are_told_apart_by_their_codes() -> None:
    assert {code for code, care in wire.CARE_TYPES.items() if care.is_birth} == {"51", "52"}
    assert wire.delivery_of("") is None
    assert wire.delivery_of("03") == Delivery("3", DeliveryKind.CAESAREAN)
    assert [wire.delivery_of(code) for code in ("5", "77")] == [Delivery("5", None), Delivery("77", None)]


def test_a_hospital_level_loses_its_leading_zero_only() -> None:
    assert [wire.hospital_level_code(level) for level in ("01", "10", "11", "")] == ["1", "10", "11", "11"]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*-req-*.json")), ids=lambda path: path.stem)
def test_every_sample_request_is_read(path: Path) -> None:
    message = read_message(path.read_bytes())
    envelope = read_nodes(message, wire.Envelope)
    transaction = TRANSACTIONS.get(envelope.transaction_code)
    if transaction is None:
        # Samples of transactions the gateway does not answer still reach the envelope.
        assert envelope.transaction_code in {"3201", "4501", "5303", "5304"}
        return
    assert read_transaction(transaction, read_input(message["input"])) is not None


def test_the_answered_sample_members_are_ours() -> None:
    """What a published answer to 1101 and 2204 holds, ours holds too."""
    identified = json.loads((SAMPLES / "1101-resp-specB.json").read_bytes())["output"]
    ours = {field.encode_name for field in msgspec.structs.fields(wire.PersonInfo)}
    assert set(identified["baseinfo"]) <= ours
    priced = json.loads((SAMPLES / "2204-resp-real.json").read_bytes())["output"]["result"][0]
    assert set(priced) <= {field.encode_name for field in msgspec.structs.fields(wire.LineAnswer)}


def test_the_cancelling_answers_spell_the_cash_as_the_interface_does() -> None:
    def names(struct: type[msgspec.Struct]) -> set[str]:
        return {field.encode_name for field in msgspec.structs.fields(struct)}

    assert "pdn_cash_pay" in names(wire.VisitCancellationInfo)
    assert "psn_cash_pay" in names(wire.StayCancellationInfo)
    assert {"psn_pay", "cash_payamt"} <= names(wire.SettlementQueryInfo)


# The members of setlinfo that the interface wants filled always.
# fmt: off
ALWAYS_FILLED = {
    "mdtrt_id", "psn_no", "psn_name", "psn_cert_type", "certno", "psn_type",
    "cvlserv_flag", "med_type", "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt",
    "inscp_scp_amt", "hifp_pay", "pool_prop_selfpay", "cvlserv_pay", "hifes_pay", "hifmi_pay",
    "hifob_pay", "maf_pay", "oth_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay",
    "psn_cash_pay", "hosp_part_amt", "balc", "acct_mulaid_pay", "medins_setl_id", "clr_type",
    "hifdm_pay", "setl_time", "setl_id",
}
# fmt: on


def test_a_settling_answer_has_every_member_that_is_always_filled() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(wire.SettlementInfo)} >= ALWAYS_FILLED


def test_members_missing_or_misshapen_are_named_as_the_hospital_knows_them() -> None:
    bill = TRANSACTIONS["2304"]
    with pytest.raises(NodeInvalid, match=r"data里缺少 medfee_sumamt（医疗费总额）"):
        read_transaction(bill, {"data": {"psn_no": "1", "mdtrt_id": "J", "insutype": "310"}})
    with pytest.raises(NodeInvalid, match=r"medfee_sumamt（医疗费总额）.*小数超过 2 位"):
        read_transaction(bill, {"data": {"psn_no": "1", "mdtrt_id": "J", "insutype": "310", "medfee_sumamt": "1.005"}})
    with pytest.raises(NodeInvalid, match=r"feedetail 第 1 行里缺少 mdtrt_id"):
        read_transaction(TRANSACTIONS["2204"], {"feedetail": [{"feedetl_sn": "1"}]})
    with pytest.raises(NodeInvalid, match="应该是一个数组"):
        read_transaction(TRANSACTIONS["2204"], {"feedetail": "x"})
    with pytest.raises(NodeInvalid, match="太长了"):
        read_transaction(bill, {"data": {"psn_no": "1" * 65, "mdtrt_id": "J", "insutype": "310"}})


def test_a_node_left_out_and_an_input_sent_as_text_are_understood() -> None:
    bare = read_transaction(TRANSACTIONS["2601"], {"psn_no": "1", "omsgid": "m", "oinfno": "2207"})
    assert isinstance(bare, wire.ReversalInput)
    assert bare.data.original_message_id == "m"
    nodes = read_input('{"opter_no": 7, "mac": null, "ip": "NULL"}')
    assert nodes == {"opter_no": "7"}
    assert isinstance(read_transaction(TRANSACTIONS["9001"], nodes), wire.SignOnInput)


def test_null_texts_capitals_and_variants_are_tidied() -> None:
    message = read_message(
        b'{"Input": {"data": {"expContent": "{}", "dscgTime": "2026-11-20", "x": "null", "y": [" a ", null]}}}'
    )
    assert message == {"input": {"data": {"exp_content": "{}", "dscg_time": "2026-11-20", "y": ["a", None]}}}
    # An empty proper spelling does not hide a filled variant: an emergency mark may stand in it.
    assert read_message(b'{"exp_content": "", "expContent": "{}"}') == {"exp_content": "{}"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "空的"),
        (b" \n", "空的"),
        (b"\xff\xfe", "UTF-8"),
        ('{"infno": "王"}'.encode("gbk"), "UTF-8"),
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "JSON"),
        (b"[]", "对象"),
        (b'"x"', "对象"),
        (b"7", "对象"),
        (b'{"a": "\\u0000"}', "控制字符"),
        (b'{"a": "\\ud800"}', "JSON"),
        (b"9" * 6000, "JSON"),
    ],
)
def test_what_is_no_message_is_told_why(body: bytes, words: str) -> None:
    with pytest.raises(MessageMalformed, match=words):
        read_message(body)


def test_a_byte_order_mark_is_no_hindrance() -> None:
    assert read_message(b'\xef\xbb\xbf{"infno": "1101"}') == {"infno": "1101"}


def _structs() -> Iterator[type[msgspec.Struct]]:
    for value in vars(wire).values():
        if (
            isinstance(value, type)
            and issubclass(value, msgspec.Struct)
            and value.__module__.startswith(f"{wire.__name__}.")
        ):
            yield value
