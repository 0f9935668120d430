"""手工报销: a stay the person paid in full becomes a settlement, by the same rules as at the hospital's counter.

The agency writes the stay down as if a hospital had, marks it as its own, and settles it: the same read, the same law,
the same year under the same guard, the same record. What differs is who is paid (the person) and that no personal
account takes part: the person's own part has been paid long ago.
"""

import hashlib
from datetime import date, datetime

import asyncpg

from tongban.account import claim_postings
from tongban.directory import Regions
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.money import AMOUNT_MAX_FEN, Fen, yuan
from tongban.kernel.vocabulary import CatalogClass, PersonnelCategory
from tongban.law import Pack
from tongban.settlement import store, store_manual, store_records, store_settle, store_undo
from tongban.settlement.archive import keep_version
from tongban.settlement.attempt import CONFLICTS
from tongban.settlement.benefit import judge
from tongban.settlement.cancel import cancel
from tongban.settlement.errors import (
    AmountMismatch,
    Busy,
    DateRefused,
    DeliveryUntold,
    EnrollmentRefused,
    InstitutionRefused,
    PaymentStopped,
    StaySettled,
    ThirdPartyPays,
    Undetermined,
)
from tongban.settlement.lines import upload_lines
from tongban.settlement.model import (
    Cancelled,
    CancelRequest,
    ChargeLine,
    Settled,
    SettlementRecord,
    SettlementWay,
    SettleRequest,
)
from tongban.settlement.rules import Split
from tongban.settlement.self_paid import SelfPaidStay
from tongban.settlement.settle import settled_from
from tongban.settlement.store_settle import Bill
from tongban.settlement.visits import is_benefit_suspended

_TRANSACTION = "claim"
_CANCELLATION = "claim_cancel"

# How a bill that is only known by its four sums stands among the charge lines.
_SUMMARY = (
    ("self_funded_fen", "全自费合计", CatalogClass.C, 10_000),
    ("over_price_cap_fen", "超限价合计", CatalogClass.A, 0),
    ("preselfpay_fen", "先行自付合计", CatalogClass.B, 10_000),
    ("in_scope_fen", "符合政策范围合计", CatalogClass.A, 0),
)
_SUMMARY_NOTE = "经办人员按票据和清单汇总录入"


async def reimburse(db: Db, pack: Pack, regions: Regions, stay: SelfPaidStay, *, now: datetime) -> Settled:
    """The settlement of a self-paid stay, written inside the caller's transaction; roll that back to only look.

    Year, ceiling and law are those of the day of discharge, as if the stay had been settled then. What the funds pay is
    owed to the person under ``payout:<claim number>``. Raises StaySettled when days of this stay at this institution
    have been paid either way, EnrollmentRefused, PaymentStopped, InstitutionRefused, ThirdPartyPays, DateRefused,
    DeliveryUntold, AmountMismatch, a LineRefused for a line, Undetermined where the law is silent, and Busy when others
    changed the same rows first. After any of them the transaction is to be rolled back.
    """
    _check(stay, now)
    year = stay.discharged_on.year
    facts = await store_manual.read_for_claim(
        db, stay.person_id, stay.insurance_type, stay.admitted_on, stay.institution_code
    )
    if facts.treatment_pool is None:
        raise InstitutionRefused("定点医疗机构名录里没有这家医院，不能核算；请核对医院，或先更新名录")
    if facts.insured_pool is None:
        raise EnrollmentRefused(
            f"{stay.admitted_on} 这一天没有{stay.insurance_type.zh}参保记录，这次住院不能报；请核对险种和入院日期"
        )
    try:
        serial = await store_manual.insert_stay(
            db, stay, insured_pool=facts.insured_pool, treatment_pool=facts.treatment_pool, now=now
        )
    except asyncpg.UniqueViolationError:
        raise _paid_already() from None
    await _charge(db, stay, serial, now)
    await store_settle.lock_for_settling(db, stay.person_id, serial, year, stay.insurance_type)
    request = _request(stay, serial)
    bill = await store_settle.read_bill(db, request, year, pack.version, draw_serial=True)
    assert bill is not None, "the stay has just been written"
    category = _require_reimbursable(bill, stay)
    try:
        verdict = judge(pack, regions, bill, category, stay.discharged_on)
    except Undetermined as missing:
        raise Undetermined(
            f"{missing.reason}。现在算不出报多少，什么都没有写；查到规定以后再核算，怎么报问{missing.ask}",
            ask=missing.ask,
            missing=missing.missing,
            reason=missing.reason,
        ) from None
    settled = settled_from(bill, request, verdict, category, settled_at=now, way=SettlementWay.MANUAL)
    if not bill.is_version_kept:
        await keep_version(db, pack, now=now)
    try:
        await store_settle.write_settlement(
            db,
            bill,
            settled,
            benefit_year=year,
            year_delta=verdict.year_delta,
            discharged_on=stay.discharged_on,
            postings=claim_postings(
                claim_number=stay.claim_number,
                insured_pool=settled.insured_pool,
                paid_fen=settled.paid_by_funds,
            ),
            transaction_code=request.transaction_code,
            request_hash=request.request_hash,
        )
    except (asyncpg.ExclusionViolationError, asyncpg.UniqueViolationError):
        raise _paid_already() from None
    except CONFLICTS:
        # What the year's lock does not keep out: a filing that is being closed, a bill of another year for this stay.
        raise Busy("这个人的另一笔业务正在办理，这一笔什么都没有写；请稍等几秒，再核算一次") from None
    return settled


async def cancel_reimbursement(
    db: Db, pack: Pack, record: SettlementRecord, *, claim_number: str, now: datetime
) -> Cancelled:
    """撤销: take the settlement of a claim back, year totals and ledger with it, inside the caller's transaction.

    Twice is once. Whoever asks has made sure that nothing was paid out on it.
    """
    assert record.settlement_serial is not None
    # Locked before anything is read: a conflict later would end the caller's transaction.
    await store_undo.lock_for_cancelling(db, record.person_id, record.settlement_serial)
    return await cancel(
        db,
        pack,
        CancelRequest(
            person_id=record.person_id,
            settlement_serial=record.settlement_serial,
            institution_code=record.institution_code,
            message_id=f"{claim_number}-{record.settlement_serial}",
            transaction_code=_CANCELLATION,
            request_hash=_hash(claim_number, record.settlement_serial),
            way=SettlementWay.MANUAL,
        ),
        now=now,
    )


async def settled_stay(
    db: Db, person_id: int, institution_code: str, admitted_on: date, discharged_on: date
) -> SettlementRecord | None:
    """The settlement in force of a stay at that institution that has days in common with these; None when unpaid."""
    serial = await store_manual.settlement_of_stay(db, person_id, institution_code, admitted_on, discharged_on)
    return None if serial is None else await store_records.settlement(db, person_id, serial)


def _paid_already() -> StaySettled:
    return StaySettled("这次住院已经在医院直接结算，或者已经报销过，不能再报一次")


def _check(stay: SelfPaidStay, now: datetime) -> None:
    """What can be seen without looking anything up."""
    if not stay.admitted_on <= stay.discharged_on <= day_of(now):
        raise DateRefused(
            f"住院日期不对：入院 {stay.admitted_on}，出院 {stay.discharged_on}；出院要不早于入院，也不能晚于今天"
        )
    if not 0 < stay.total_fen <= AMOUNT_MAX_FEN:
        raise AmountMismatch("总费用要大于 0，也不能超出系统能记的最大金额")
    if isinstance(stay.charges, Split) and min(stay.charges) < 0:
        raise AmountMismatch("四项金额都不能是负数，请核对后再录")
    if stay.is_trauma and stay.has_third_party is not False:
        raise ThirdPartyPays("这次受伤有别人的责任，或者还没有说清，医保基金不付；责任认定清楚以后再办")
    if stay.is_birth and (stay.delivery is None or stay.delivery.kind is None):
        raise DeliveryUntold("生孩子住院按分娩方式报，请先看出院小结，录入是自然分娩、助产、难产还是剖宫产")


async def _charge(db: Db, stay: SelfPaidStay, serial: int, now: datetime) -> None:
    number = OutsideNumber(ENCOUNTER, stay.person_id, serial)
    if not isinstance(stay.charges, Split):
        await upload_lines(db, number, None, stay.charges, now=now)
        return
    encounter = await store.encounter(db, number)
    assert encounter is not None
    parts = [(getattr(stay.charges, name), name, *rest) for name, *rest in _SUMMARY]
    await store.insert_lines(
        db,
        encounter,
        [
            _summary_line(stay, name, amount, zh, catalog_class, preselfpay_bp)
            for amount, name, zh, catalog_class, preselfpay_bp in parts
            if amount
        ],
    )


def _summary_line(
    stay: SelfPaidStay, name: str, amount_fen: Fen, zh: str, catalog_class: CatalogClass, preselfpay_bp: int
) -> ChargeLine:
    parts = dict.fromkeys(Split._fields, 0) | {name: amount_fen}
    return ChargeLine(
        line_serial=f"{stay.claim_number}-{name}",
        batch="",
        item_code="",
        hospital_item_code="",
        item_name=zh,
        happened_on=stay.discharged_on,
        quantity_e4=10_000,
        unit_price_e6=amount_fen * 10_000,
        total_fen=amount_fen,
        catalog_class=catalog_class,
        preselfpay_bp=preselfpay_bp,
        price_cap_e6=None,
        charge_kind="",
        is_restricted=False,
        approval="0",
        returns_line=None,
        note=_SUMMARY_NOTE,
        **parts,
    )


def _require_reimbursable(bill: Bill, stay: SelfPaidStay) -> PersonnelCategory:
    encounter = bill.encounter
    if bill.reimbursed_settlement is not None:
        raise StaySettled("这次住院已经报销过，不能再报一次")
    if bill.split.total_fen != stay.total_fen:
        raise AmountMismatch(
            f"费用对不上：票据合计 {yuan(stay.total_fen)} 元，录入的费用合计 {yuan(bill.split.total_fen)} 元；"
            "请补录或改对以后再核算"
        )
    if bill.category is None or bill.enrolled_pool != encounter.insured_pool:
        raise EnrollmentRefused("刚才参保记录变了，请再核算一次")
    if is_benefit_suspended(bill.payment_state, encounter.insurance_type):
        raise PaymentStopped("缴费已中断，现在不能核算；补缴以后能不能报，按参保地的规定办")
    return bill.category


def _request(stay: SelfPaidStay, serial: int) -> SettleRequest:
    return SettleRequest(
        person_id=stay.person_id,
        encounter_serial=serial,
        institution_code=stay.institution_code,
        insurance_type=stay.insurance_type,
        total_fen=stay.total_fen,
        use_account=False,
        settled_on=stay.discharged_on,
        discharged_on=stay.discharged_on,
        message_id=f"{stay.claim_number}-{stay.attempt}",
        transaction_code=_TRANSACTION,
        request_hash=_hash(stay),
    )


def _hash(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()
