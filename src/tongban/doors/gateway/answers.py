"""From what the use cases answer to the nodes of the interface."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from tongban.directory import Institution
from tongban.doors.gateway.scalars import amount, day_text, price, quantity, ratio, time_text
from tongban.doors.gateway.wire import (
    ACCOUNT_FUND,
    ASSISTANCE_FUND,
    CATALOG_CLASS_CODES,
    CATEGORY_CODES,
    CLEARING_CODES,
    CRITICAL_ILLNESS_FUNDS,
    INSURANCE_CODES,
    INSURANCE_STATE_CODES,
    ITEM_BY_ITEM_CLEARING,
    PLACE_CODES,
    POOLED_FUNDS,
    PRICE_WITHOUT_CAP,
    RESIDENT_ID_CERTIFICATE,
    CancellationInfo,
    Fund,
    FundShare,
    InsuranceInfo,
    LineAnswer,
    PersonInfo,
    SettlementInfo,
    SettlementQueryInfo,
    StayCancellationInfo,
    VisitCancellationInfo,
    flag,
    hospital_level_code,
    sex_code,
)
from tongban.kernel.dates import age_on
from tongban.kernel.identifiers import PERSON_NUMBER_LENGTH
from tongban.kernel.money import FULL_RATE_BP, Fen
from tongban.kernel.vocabulary import CatalogClass, InsuranceType, Locality
from tongban.people import Enrollment, PaymentState, Person
from tongban.settlement import Cancelled, ChargeLine, Explanation, Settled, SettlementRecord, SettlementState

_WORKING_LENGTH_MAX = 4000


class AmountsDisagree(AssertionError):
    """An answer's amounts do not add up: nothing a hospital can mend, so it never leaves as an answer."""


def person_number(person_id: int) -> str:
    return f"{person_id:0{PERSON_NUMBER_LENGTH}d}"


def person_info(person: Person, on: date) -> PersonInfo:
    """The certificate number in full: hospital systems send it back in later messages."""
    return PersonInfo(
        person_number=person_number(person.person_id),
        certificate_kind=RESIDENT_ID_CERTIFICATE,
        certificate_number=person.id_number,
        person_name=person.name,
        sex=sex_code(is_male=person.is_male),
        birth_date=day_text(person.birth_date),
        age=age_on(person.birth_date, on),
    )


def insurance_info(enrollment: Enrollment, balance_fen: Fen) -> InsuranceInfo:
    is_stopped = enrollment.payment_state is PaymentState.STOPPED
    return InsuranceInfo(
        account_balance=amount(balance_fen if enrollment.insurance_type is InsuranceType.EMPLOYEE else 0),
        insurance_code=INSURANCE_CODES[enrollment.insurance_type],
        category_code=CATEGORY_CODES[enrollment.category],
        insurance_state=INSURANCE_STATE_CODES[enrollment.payment_state],
        insured_since=day_text(enrollment.valid_from),
        paused_since=day_text(enrollment.valid_to) if is_stopped and enrollment.valid_to else "",
        is_civil_servant=flag(False),
        insured_region=enrollment.pool_code,
        employer_name=enrollment.employer_name,
    )


def line_answer(line: ChargeLine) -> LineAnswer:
    self_pay_bp = FULL_RATE_BP if line.catalog_class is CatalogClass.C else line.preselfpay_bp
    return LineAnswer(
        line_serial=line.line_serial,
        line_total=amount(line.total_fen),
        quantity=quantity(line.quantity_e4),
        unit_price=price(line.unit_price_e6),
        price_cap=PRICE_WITHOUT_CAP if line.price_cap_e6 is None else price(line.price_cap_e6),
        self_pay_rate=ratio(self_pay_bp),
        self_funded=amount(line.self_funded_fen),
        line_over_price_cap=amount(line.over_price_cap_fen),
        preselfpay=amount(line.preselfpay_fen),
        in_scope=amount(line.in_scope_fen),
        catalog_class=CATALOG_CLASS_CODES[line.catalog_class],
        charge_kind=line.charge_kind,
        is_restricted=flag(line.is_restricted),
        remark=line.note[:500],
    )


def amounts(settled: Settled, balance_fen: Fen | None, *, sign: int = 1) -> dict[str, Any]:
    """The amounts of every settling answer, by our names; `sign` -1 for the answer to a cancellation.

    `critical_illness_fen` is residents' critical-illness insurance or, in its place, employees' subsidy for large
    expenses. What the accounts pay includes what relatives' accounts pay, which is said once more by itself. The two
    identities of the interface are checked here, before anything is said.
    """
    is_employee = settled.insurance_type is InsuranceType.EMPLOYEE
    parts = settled.self_funded_fen + settled.over_price_cap_fen + settled.preselfpay_fen + settled.in_scope_fen
    if settled.fund_payment_fen + settled.person_share_fen != settled.total_fen or parts != settled.total_fen:
        raise AmountsDisagree(f"settlement {settled.number or 'preview'} of encounter {settled.encounter_number}")
    fen = {
        "total": settled.total_fen,
        "self_funded": settled.self_funded_fen,
        "over_price_cap": settled.over_price_cap_fen,
        "preselfpay": settled.preselfpay_fen,
        "in_scope": settled.in_scope_fen,
        "deductible": settled.deductible_fen,
        "pooled_fund": settled.pooled_fund_fen,
        "civil_servant_subsidy": 0,
        "enterprise_supplement": 0,
        "critical_illness": 0 if is_employee else settled.critical_illness_fen,
        "large_expense_subsidy": settled.critical_illness_fen if is_employee else 0,
        "medical_assistance": settled.medical_assistance_fen,
        "other_funds": 0,
        "disabled_veterans_fund": 0,
        "fund_total": settled.fund_payment_fen,
        "person_share": settled.person_share_fen,
        "account_payment": settled.account_fen + settled.mutual_aid_fen,
        "cash_payment": settled.cash_fen,
        "hospital_share": 0,
        "family_account_payment": settled.mutual_aid_fen,
    }
    return {name: amount(sign * value) for name, value in fen.items()} | {
        "pooled_rate": ratio(settled.rate_bp),
        "account_balance": amount(balance_fen or 0),
    }


def settlement_info(
    settled: Settled, person: Person, *, care_type: str, credential_code: str, message_id: str, now: datetime
) -> SettlementInfo:
    info = SettlementInfo(
        **amounts(settled, settled.balance_after_fen),
        **_person_members(settled, person),
        **_clearing_members(settled),
        encounter_number=settled.encounter_number,
        settled_at=time_text(settled.settled_at or now),
        credential_kind=credential_code,
        care_type=care_type,
        hospital_settlement_id=message_id,
    )
    return info if settled.number is None else msgspec.structs.replace(info, settlement_number=settled.number)


def cancellation_info(cancelled: Cancelled, *, of_visit: bool, message_id: str) -> CancellationInfo:
    """Amounts with their sign reversed; the number is the cancelling settlement's. 2208 spells the cash its own way."""
    undone = cancelled.settlement
    kind = VisitCancellationInfo if of_visit else StayCancellationInfo
    return kind(
        **amounts(undone, cancelled.balance_after_fen, sign=-1),
        **_clearing_members(undone),
        encounter_number=undone.encounter_number,
        person_number=person_number(undone.person_id),
        settlement_number=cancelled.number,
        settled_at=time_text(cancelled.cancelled_at),
        insurance_code=INSURANCE_CODES[undone.insurance_type],
        category_code=CATEGORY_CODES[undone.category],
        care_type=undone.care_type,
        hospital_settlement_id=message_id,
    )


def query_info(
    record: SettlementRecord, person: Person, institution: Institution, locality: Locality
) -> SettlementQueryInfo:
    """5203. A cancelled settlement keeps its amounts and says so in `refd_setl_flag`."""
    is_cancelled = record.state is SettlementState.CANCELLED
    return SettlementQueryInfo(
        **amounts(record, record.balance_after_fen),
        **_person_members(record, person),
        **_clearing_members(record),
        settlement_number=record.number or "",
        encounter_number=record.encounter_number,
        insured_agency=record.insured_pool,
        place_kind=PLACE_CODES[locality],
        institution_code=institution.institution_code,
        institution_name=institution.name,
        hospital_level=hospital_level_code(institution.hospital_level),
        institution_pool=institution.pool_code,
        begins_on=day_text(record.admitted_on),
        ends_on=day_text(record.discharged_on or record.settled_on),
        settled_at=time_text(record.settled_at) if record.settled_at else "",
        care_type=record.care_type,
        hospital_settlement_id=record.message_id,
        is_refund=flag(is_cancelled),
        benefit_year=str(record.benefit_year),
    )


def fund_shares(settled: Settled, sentences: Sequence[str], *, sign: int = 1) -> list[FundShare]:
    """One row per fund that took part; the pooled fund always does, if with nothing. `sentences` say how."""
    breakdown = settled.assessment.get("breakdown") or {}
    rows: list[tuple[Fund, Fen, Fen, str]] = [
        (
            POOLED_FUNDS[settled.insurance_type],
            settled.pooled_fund_fen,
            int(breakdown.get("room_fen", 0)),
            _fitted(sentences),
        )
    ]
    for fund, paid_fen in (
        (CRITICAL_ILLNESS_FUNDS[settled.insurance_type], settled.critical_illness_fen),
        (ASSISTANCE_FUND, settled.medical_assistance_fen),
        (ACCOUNT_FUND, settled.account_fen + settled.mutual_aid_fen),
    ):
        if paid_fen:
            rows.append((fund, paid_fen, paid_fen, ""))
    return [
        FundShare(
            fund_code=fund.code,
            in_scope=amount(sign * settled.in_scope_fen),
            payable_room=amount(room_fen),
            fund_payment=amount(sign * paid_fen),
            fund_name=fund.zh,
            working=working,
        )
        for fund, paid_fen, room_fen, working in rows
    ]


def working(told: Explanation) -> list[str]:
    """How the amounts came about, step by step."""
    return [
        f"{step.label} {step.amount_text}" + (f"（{step.formula}）" if step.formula else "")
        for step in told.steps
        if step.amount_text
    ]


def _fitted(sentences: Sequence[str]) -> str:
    text = "；".join(sentences)
    return text if len(text) <= _WORKING_LENGTH_MAX else text[: _WORKING_LENGTH_MAX - 1] + "…"


def _person_members(settled: Settled, person: Person) -> dict[str, Any]:
    return {
        "person_number": person_number(person.person_id),
        "person_name": person.name,
        "certificate_kind": RESIDENT_ID_CERTIFICATE,
        "certificate_number": person.id_number,
        "sex": sex_code(is_male=person.is_male),
        "birth_date": day_text(person.birth_date),
        "age": age_on(person.birth_date, settled.settled_on),
        "insurance_code": INSURANCE_CODES[settled.insurance_type],
        "category_code": CATEGORY_CODES[settled.category],
        "is_civil_servant": flag(False),
    }


def _clearing_members(settled: Settled) -> dict[str, Any]:
    return {
        "clearing_agency": settled.treatment_pool,
        "clearing_way": ITEM_BY_ITEM_CLEARING,
        "clearing_kind": CLEARING_CODES[settled.care_kind],
    }
