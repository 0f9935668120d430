"""Visits and stays: opened, described, discharged, voided."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import asyncpg

from tongban import law
from tongban.directory import InstitutionKind, Regions, pool_of
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import Pack
from tongban.settlement import store
from tongban.settlement.attempt import with_one_retry
from tongban.settlement.errors import (
    DateRefused,
    EncounterClosed,
    EncounterNotFound,
    EnrollmentRefused,
    HospitalSerialReused,
    InstitutionRefused,
    NotABirth,
    PaymentStopped,
    PersonUnknown,
    ThirdPartyPays,
    TraumaUnclear,
)
from tongban.settlement.messages import require_same_message
from tongban.settlement.model import Delivery, Diagnosis, Encounter, EncounterState, OpenEncounter, VisitDescription
from tongban.settlement.store import OpenFacts

T = TypeVar("T")

# Not a rule of law but a guard against slips of the keyboard: older visits go the way of manual reimbursement.
OPEN_DAYS_BACK_MAX = 366

ARREARS = "arrears"
STOPPED = "stopped"


async def open_encounter(db: Db, pack: Pack, regions: Regions, request: OpenEncounter, *, now: datetime) -> Encounter:
    """A visit or stay, opened once: the same message, or the hospital's same number, finds the first.

    Refused with the reason: person or institution unknown, not insured on the day under that insurance or in that
    region, payment stopped, institution not connected for this care, an injury somebody else is liable for (or that
    leaves it open), a date in the future or absurdly far back. An employee whose employer is in arrears is taken:
    only the personal account will pay (`is_pooling_suspended`).
    """
    _check_date(request.admitted_on, day_of(now))
    require_payable_injury(is_trauma=request.is_trauma, has_third_party=request.has_third_party)
    if request.delivery is not None:
        _require_birth(is_birth=request.is_birth, care_kind=request.care_kind)

    async def attempt() -> Encounter:
        return await _open_once(db, pack, regions, request, now)

    return await with_one_retry(db, _nothing_to_lock, attempt)


async def describe_visit(
    db: Db, number: OutsideNumber, institution_code: str, description: VisitDescription, *, now: datetime
) -> Encounter:
    """Add what became known of an unsettled visit: kind of care, marks, diagnoses. Twice is once."""
    del now  # every use case is given the time; this one leaves no date behind

    def described(encounter: Encounter) -> Encounter:
        changed = _described(encounter, description)
        if changed == encounter:
            return encounter
        _require_unsettled(encounter)
        require_payable_injury(is_trauma=changed.is_trauma, has_third_party=changed.has_third_party)
        return changed

    return await _change(db, number, institution_code, described)


async def record_discharge(
    db: Db,
    number: OutsideNumber,
    institution_code: str,
    discharged_on: date | None,
    *,
    delivery: Delivery | None = None,
    now: datetime,
) -> Encounter:
    """The day of discharge, or None to take it back, and how a child was born (None: as told before).

    Only while the stay is not settled; after that the same again changes nothing. Raises NotABirth for a delivery in
    another kind of stay.
    """

    def discharged(encounter: Encounter) -> Encounter:
        if delivery is not None:
            _require_birth(is_birth=encounter.is_birth, care_kind=encounter.care_kind)
        changed = replace(encounter, discharged_on=discharged_on, delivery=_kept(delivery, encounter.delivery))
        if changed == encounter:
            return encounter
        _require_unsettled(encounter)
        require_discharge_in_order(encounter.admitted_on, discharged_on, day_of(now))
        return changed

    return await _change(db, number, institution_code, discharged)


async def void_encounter(db: Db, number: OutsideNumber, institution_code: str, *, now: datetime) -> Encounter:
    """Undo a registration or admission on which nothing rests any more. Voiding twice is voiding once."""
    del now

    async def attempt() -> Encounter:
        encounter = await require_encounter(db, number, institution_code)
        if encounter.state is EncounterState.VOIDED:
            return replace(encounter, is_repeat=True)
        _require_unsettled(encounter)
        if await store.has_lines(db, encounter):
            raise EncounterClosed("这次就诊还有费用明细，请先撤销费用明细，再撤销登记")
        voided = replace(encounter, state=EncounterState.VOIDED)
        await store.update_encounter(db, voided)
        return voided

    return await with_one_retry(db, lambda: store.lock_encounter(db, number), attempt)


async def require_encounter(db: Db, number: OutsideNumber, institution_code: str | None) -> Encounter:
    """Raises EncounterNotFound for another institution's visit as for none: a number by itself gives no right."""
    return require_own(await store.encounter(db, number), institution_code)


def require_own(encounter: Encounter | None, institution_code: str | None) -> Encounter:
    """Raises EncounterNotFound unless it is there and that institution's own (None: whose it is does not matter).

    A stay that the agency wrote down to reimburse it is no institution's own.
    """
    is_own = institution_code is None or (
        encounter is not None and encounter.institution_code == institution_code and not encounter.is_claim
    )
    if encounter is None or not is_own:
        raise encounter_not_found()
    return encounter


def encounter_not_found() -> EncounterNotFound:
    return EncounterNotFound("没有找到这次就诊，请核对就诊号；如果还没有登记，请先办理挂号或入院")


async def encounters_of(
    db: Db, person_id: int, *, institution_code: str | None = None, since: date | None = None
) -> list[Encounter]:
    """Newest first. `institution_code` limits an institution to its own visits; None for the person's own pages."""
    return await store.encounters_of(db, person_id, institution_code, since)


def require_payable_injury(*, is_trauma: bool, has_third_party: bool | None) -> None:
    """An injury somebody else is liable for is not paid by the fund; one that leaves it open waits for the answer."""
    if not is_trauma:
        return
    if has_third_party is None:
        raise TraumaUnclear("这是外伤，请先确认有没有第三方责任并上传涉及第三方标志，再继续办理")
    if has_third_party:
        raise ThirdPartyPays(
            "这次外伤有第三方责任，医保基金不支付，请向责任方要求赔偿；责任认定有变化时请联系参保地经办机构"
        )


def _require_birth(*, is_birth: bool, care_kind: CareKind) -> None:
    if not is_birth or care_kind is not CareKind.INPATIENT:
        raise NotABirth(
            "报了生育类别，可这次不是按生育住院办的入院。是来生孩子的，请撤销入院，按生育住院重新办理；不是的，请去掉生育类别再发"
        )


def require_discharge_in_order(admitted_on: date, discharged_on: date | None, today: date) -> None:
    if discharged_on is None:
        return
    if discharged_on < admitted_on:
        raise DateRefused(f"出院日期 {discharged_on} 早于入院日期 {admitted_on}，请改对后再发")
    if discharged_on > today:
        raise DateRefused(f"出院日期 {discharged_on} 还没到，请改对后再发")


async def _open_once(db: Db, pack: Pack, regions: Regions, request: OpenEncounter, now: datetime) -> Encounter:
    facts = await store.read_for_open(db, request)
    if facts.message_state is not None:
        require_same_message(facts.message_state, facts.message_hash, request.request_hash)
        assert facts.message_encounter is not None
        return await _as_repeat(db, pack, request, facts.message_encounter, facts)
    insured_pool = _require_enrollment(pack, regions, request, facts)
    treatment_pool = _require_institution(request, facts)
    if facts.known_encounter is not None:
        known = await _as_repeat(db, pack, request, facts.known_encounter, facts)
        if (known.admitted_on, known.insurance_type) != (request.admitted_on, request.insurance_type):
            raise HospitalSerialReused(
                f"院内号 {request.hospital_serial} 已经登记过（{known.admitted_on}，{known.insurance_type.zh}），"
                "和这次的日期或险种不同；请换一个院内号，或先撤销原来的登记"
            )
        _require_same_birth(request, known)
        await store.insert_open_message(db, request, known.encounter_serial, now)
        return known
    serial = await store.insert_encounter(
        db, request, insured_pool=insured_pool, treatment_pool=treatment_pool, now=now
    )
    return Encounter(
        person_id=request.person_id,
        encounter_serial=serial,
        institution_code=request.institution_code,
        care_kind=request.care_kind,
        care_type=request.care_type,
        hospital_serial=request.hospital_serial,
        insurance_type=request.insurance_type,
        insured_pool=insured_pool,
        treatment_pool=treatment_pool,
        admitted_on=request.admitted_on,
        discharged_on=None,
        is_emergency=request.is_emergency,
        is_referral_mark=request.is_referral_mark,
        is_trauma=request.is_trauma,
        has_third_party=request.has_third_party,
        is_birth=request.is_birth,
        delivery=request.delivery,
        diagnoses=request.diagnoses,
        details=dict(request.details),
        state=EncounterState.OPEN,
        version=1,
        opened_at=now,
        is_pooling_suspended=is_pooling_suspended(pack, insured_pool, request, facts),
    )


async def _as_repeat(db: Db, pack: Pack, request: OpenEncounter, serial: int, facts: OpenFacts) -> Encounter:
    number = OutsideNumber(ENCOUNTER, request.person_id, serial)
    encounter = await require_encounter(db, number, request.institution_code)
    is_suspended = is_pooling_suspended(pack, encounter.insured_pool, request, facts)
    return replace(encounter, is_repeat=True, is_pooling_suspended=is_suspended)


def _require_same_birth(request: OpenEncounter, known: Encounter) -> None:
    """What decides how a stay is paid must not be dropped silently because the stay is known already."""
    if request.care_kind is CareKind.INPATIENT and known.is_birth != request.is_birth:
        raise HospitalSerialReused(
            f"院内号 {request.hospital_serial} 已经登记过，{'是' if known.is_birth else '不是'}生育住院，和这次的不同；"
            "请换一个院内号，或先撤销原来的登记"
        )
    if request.delivery is not None and request.delivery != known.delivery:
        raise HospitalSerialReused(
            f"院内号 {request.hospital_serial} 已经登记过，生育类别和这次的不同；"
            "要补上或更正生育类别，请在出院办理时上传"
        )


def is_benefit_suspended(payment_state: str | None, insurance_type: InsuranceType) -> bool:
    """待遇暂停: contributions have stopped, or are owed. An employee whose employer owes them still has the account."""
    return payment_state == STOPPED or (payment_state == ARREARS and insurance_type is not InsuranceType.EMPLOYEE)


def is_pooling_suspended(pack: Pack, insured_pool: str, request: OpenEncounter, facts: OpenFacts) -> bool:
    """Whether the pooled fund will not pay because the employer owes contributions."""
    if facts.payment_state != ARREARS:
        return False
    paying = law.pooled_benefit_in_arrears(pack, insured_pool, request.insurance_type, request.admitted_on)
    return isinstance(paying, law.Undetermined) or not paying.value


def _check_date(admitted_on: date, today: date) -> None:
    if admitted_on > today:
        raise DateRefused(f"就诊日期 {admitted_on} 还没到，今天是 {today}，请改对后再发")
    if admitted_on < today - timedelta(days=OPEN_DAYS_BACK_MAX):
        raise DateRefused(f"就诊日期 {admitted_on} 是一年多以前，请核对；确实是那天的，请到参保地窗口办手工报销")


def _require_enrollment(pack: Pack, regions: Regions, request: OpenEncounter, facts: OpenFacts) -> str:
    """The insured pool, from the records; what the hospital sent must agree with them."""
    insurance = request.insurance_type.zh
    if facts.enrollments == 0:
        raise PersonUnknown("没有查到这个人的参保登记，请核对证件；也可以请本人到参保地经办机构查询")
    if facts.insured_pool is None:
        raise EnrollmentRefused(
            f"{request.admitted_on} 这一天没有{insurance}参保记录，请核对险种和日期，或请本人联系参保地经办机构"
        )
    if is_benefit_suspended(facts.payment_state, request.insurance_type):
        raise PaymentStopped(
            f"{insurance}缴费已中断，现在不能直接结算；请先付费、留好票据，"
            f"补缴后问{pack.agency(facts.insured_pool)}能不能报销"
        )
    if request.insured_region:
        sent = pool_of(regions, request.insured_region)
        if sent is None or sent.pool_code != facts.insured_pool:
            known = regions.get(facts.insured_pool)
            raise EnrollmentRefused(
                f"参保地对不上：登记的是{known.full_name if known else facts.insured_pool}，"
                f"报文里是{sent.full_name if sent else request.insured_region}；请重新读取人员信息后再办"
            )
    return facts.insured_pool


def _require_institution(request: OpenEncounter, facts: OpenFacts) -> str:
    """The treatment pool, from the directory."""
    if facts.treatment_pool is None:
        raise InstitutionRefused(f"定点机构 {request.institution_code} 不在名录里，请联系就医地经办机构核对机构编码")
    is_pharmacy = facts.institution_kind == InstitutionKind.PHARMACY
    if is_pharmacy != (request.care_kind is CareKind.PHARMACY):
        raise InstitutionRefused(f"{facts.institution_name}是{'药店' if is_pharmacy else '医院'}，不能办这种就诊")
    is_connected = facts.settles_inpatient if request.care_kind is CareKind.INPATIENT else facts.settles_outpatient
    if not is_connected:
        raise InstitutionRefused(
            f"{facts.institution_name}还没有开通{request.care_kind.zh}直接结算；请先付费、留好票据，"
            "回参保地报销，或换一家开通的机构"
        )
    return facts.treatment_pool


def _require_unsettled(encounter: Encounter) -> None:
    if encounter.state is EncounterState.SETTLED:
        raise EncounterClosed("这次就诊已经结算，要改请先撤销结算")
    if encounter.state is EncounterState.VOIDED:
        raise EncounterClosed("这次就诊已经撤销，要继续请重新登记")


def _described(encounter: Encounter, description: VisitDescription) -> Encounter:
    merged: dict[int, Diagnosis] = {diagnosis.order_no: diagnosis for diagnosis in encounter.diagnoses}
    for diagnosis in description.diagnoses:
        if diagnosis.is_valid:
            merged[diagnosis.order_no] = diagnosis
        else:
            merged.pop(diagnosis.order_no, None)
    care_kind = _kept(description.care_kind, encounter.care_kind)
    is_birth = _kept(description.is_birth, encounter.is_birth)
    return replace(
        encounter,
        care_type=_kept(description.care_type, encounter.care_type),
        care_kind=care_kind,
        is_emergency=_kept(description.is_emergency, encounter.is_emergency),
        is_referral_mark=_kept(description.is_referral_mark, encounter.is_referral_mark),
        is_trauma=_kept(description.is_trauma, encounter.is_trauma),
        has_third_party=_kept(description.has_third_party, encounter.has_third_party),
        is_birth=is_birth,
        delivery=encounter.delivery if is_birth and care_kind is CareKind.INPATIENT else None,
        diagnoses=tuple(merged[order_no] for order_no in sorted(merged)),
        details={**encounter.details, **description.details},
    )


def _kept(new: T | None, old: T) -> T:
    return old if new is None else new


async def _change(
    db: Db, number: OutsideNumber, institution_code: str, changed: Callable[[Encounter], Encounter]
) -> Encounter:
    async def attempt() -> Encounter:
        encounter = await require_encounter(db, number, institution_code)
        wanted = changed(encounter)
        if wanted == encounter:
            return encounter
        try:
            await store.update_encounter(db, wanted)
        except asyncpg.UniqueViolationError:
            raise HospitalSerialReused(
                f"院内号 {encounter.hospital_serial} 已经登记过一次{wanted.care_kind.zh}，请换一个院内号"
            ) from None
        return replace(wanted, version=encounter.version + 1)

    return await with_one_retry(db, lambda: store.lock_encounter(db, number), attempt)


async def _nothing_to_lock() -> None:
    """The row is not there yet; what protects it is a unique key, found by the second read."""
