"""Who it is and what they are entitled to: 1101, 2001, and the recognised diseases of 5301 and 5302."""

from typing import Any

import msgspec
from msgspec import Raw

from tongban.doors.gateway.scalars import WireTime
from tongban.doors.gateway.wire.names import NAMES, Identifier, Text


class Identify(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    credential_kind: Identifier = ""
    credential_number: Text = ""
    card_serial: Text = ""
    begins_at: WireTime | None = None
    certificate_kind: Identifier = ""
    certificate_number: Identifier = ""
    person_name: Text = ""


class IdentifyInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Identify


class PersonInfo(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: str
    certificate_kind: str
    certificate_number: str
    person_name: str
    sex: str
    birth_date: str
    age: int
    ethnicity: str = ""


class InsuranceInfo(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    account_balance: Raw
    insurance_code: str
    category_code: str
    insurance_state: str
    insured_since: str
    paused_since: str
    is_civil_servant: str
    insured_region: str
    employer_name: str


class IdentifyOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    base_info: PersonInfo
    insurance_info: list[InsuranceInfo]
    identity_info: list[Any]


class BenefitCheck(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: Identifier
    insurance_code: Identifier
    care_type: Identifier
    begins_at: WireTime
    institution_code: Identifier = ""
    disease_code: Identifier = ""


class BenefitCheckInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: BenefitCheck


class BenefitRow(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: str
    check_kind: str
    fund_code: str
    is_entitled: str
    begins_on: str
    ends_on: str
    check_result: str


class BenefitOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    benefits: list[BenefitRow]


class PersonQuery(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """5301 and 5302; only 5302 says for which business."""

    person_number: Identifier
    application_kind: Identifier = ""


class PersonQueryInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: PersonQuery


class RecognitionRow(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    recognised_code: str
    recognised_name: str
    begins_on: str
    ends_on: str


class RecognitionOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """Not charge lines, though the interface calls their node the same."""

    lines: list[RecognitionRow]


class DesignationRow(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: str
    insurance_code: str
    designation_order: str
    institution_code: str
    institution_name: str
    begins_on: str
    ends_on: str


class DesignationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    designations: list[DesignationRow]
