"""Asking for a bill, settling it, undoing that and looking it up: 2206 to 2208, 2303 to 2305, 5203."""

import msgspec
from msgspec import Raw

from tongban.doors.gateway.scalars import WireDay, WireFen, WireSwitch
from tongban.doors.gateway.wire.names import NAMES, NAMES_2208, NAMES_5203, Identifier
from tongban.doors.gateway.wire.visit import Marks


class Bill(Marks, frozen=True, kw_only=True, rename=NAMES):
    """2206, 2207, 2303 and 2304 ask the same; what only some send is optional."""

    person_number: Identifier
    encounter_number: Identifier
    insurance_code: Identifier
    total: WireFen
    credential_kind: Identifier = ""
    care_type: Identifier = ""
    batch: Identifier = ""
    account_use: Identifier = "0"
    is_interim: WireSwitch = WireSwitch(0)
    self_funded: WireFen | None = None
    over_price_cap: WireFen | None = None
    preselfpay: WireFen | None = None
    in_scope: WireFen | None = None
    discharged_on: WireDay | None = None


class BillInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Bill


class SettlementAmounts(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """The amounts every settling answer carries under the same name. A struct's renaming covers only its own members,
    so what is spelled differently from answer to answer stands in each of them."""

    total: Raw
    self_funded: Raw
    over_price_cap: Raw
    preselfpay: Raw
    in_scope: Raw
    deductible: Raw
    pooled_fund: Raw
    pooled_rate: Raw
    civil_servant_subsidy: Raw
    enterprise_supplement: Raw
    critical_illness: Raw
    large_expense_subsidy: Raw
    medical_assistance: Raw
    other_funds: Raw
    disabled_veterans_fund: Raw
    fund_total: Raw
    account_payment: Raw
    hospital_share: Raw
    family_account_payment: Raw
    account_balance: Raw


class FundShare(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    fund_code: str
    in_scope: Raw
    payable_room: Raw
    fund_payment: Raw
    fund_name: str
    working: str


class SettlementInfo(SettlementAmounts, frozen=True, kw_only=True, rename=NAMES):
    """`setlinfo` of 2206, 2207, 2303 and 2304; only the settling two have a number."""

    person_share: Raw
    cash_payment: Raw
    encounter_number: str
    person_number: str
    person_name: str
    certificate_kind: str
    certificate_number: str
    sex: str
    birth_date: str
    age: int
    insurance_code: str
    category_code: str
    is_civil_servant: str
    settled_at: str
    credential_kind: str
    care_type: str
    hospital_settlement_id: str
    clearing_agency: str
    clearing_way: str
    clearing_kind: str
    settlement_number: str | msgspec.UnsetType = msgspec.UNSET


class SettlementOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    settlement: SettlementInfo
    fund_shares: list[FundShare]


class Settlement(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """2208, 2305 and 5203 name one settlement."""

    settlement_number: Identifier
    encounter_number: Identifier
    person_number: Identifier


class SettlementInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Settlement


class CancellationInfo(SettlementAmounts, frozen=True, kw_only=True, rename=NAMES):
    """Amounts with their sign reversed, and the number of the cancelling settlement."""

    person_share: Raw
    encounter_number: str
    person_number: str
    settlement_number: str
    settled_at: str
    insurance_code: str
    category_code: str
    care_type: str
    hospital_settlement_id: str
    clearing_agency: str
    clearing_way: str
    clearing_kind: str


class StayCancellationInfo(CancellationInfo, frozen=True, kw_only=True, rename=NAMES):
    """`setlinfo` of 2305."""

    cash_payment: Raw


class VisitCancellationInfo(CancellationInfo, frozen=True, kw_only=True, rename=NAMES_2208):
    """`setlinfo` of 2208, where the cash is called `pdn_cash_pay`."""

    cash_payment: Raw


class CancellationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    settlement: CancellationInfo
    fund_shares: list[FundShare]


class SettlementQueryInfo(SettlementAmounts, frozen=True, kw_only=True, rename=NAMES_5203):
    person_share: Raw
    cash_payment: Raw
    settlement_number: str
    encounter_number: str
    person_number: str
    person_name: str
    certificate_kind: str
    certificate_number: str
    sex: str
    birth_date: str
    age: int
    insurance_code: str
    category_code: str
    is_civil_servant: str
    insured_agency: str
    place_kind: str
    institution_code: str
    institution_name: str
    hospital_level: str
    institution_pool: str
    begins_on: str
    ends_on: str
    settled_at: str
    care_type: str
    clearing_kind: str
    clearing_way: str
    clearing_agency: str
    hospital_settlement_id: str
    is_refund: str
    benefit_year: str


class SettlementQueryOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    settlement: SettlementQueryInfo
    fund_shares: list[FundShare]
