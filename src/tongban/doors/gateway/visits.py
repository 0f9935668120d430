"""Visits and stays: opened, described, charged, discharged, and each of these undone while nothing is settled."""

from typing import Any, Final

from tongban import settlement
from tongban.directory import InstitutionKind, Regions
from tongban.doors.gateway.answers import line_answer, person_number
from tongban.doors.gateway.call import Call, check_insured_region, encounter_of, person_id_of
from tongban.doors.gateway.errors import CodeUnknown, CredentialRefused, NodeInvalid, VisitMismatch
from tongban.doors.gateway.marks import MarkSet, read_marks
from tongban.doors.gateway.scalars import plain_day
from tongban.doors.gateway.wire import (
    Admission,
    AdmissionAnswer,
    AdmissionInput,
    AdmissionOutput,
    BatchInput,
    CareType,
    DiagnosisRow,
    DischargeInput,
    LineRow,
    LinesInput,
    LinesOutput,
    LineWithdrawalInput,
    Registration,
    RegistrationAnswer,
    RegistrationInput,
    RegistrationOutput,
    VisitInfoInput,
    VisitInput,
    care_type_of,
    credential_of,
    delivery_of,
    insurance_of,
)
from tongban.kernel.vocabulary import CareKind
from tongban.people import enrollments, find_presented
from tongban.settlement import Delivery, Diagnosis, Encounter, LineUpload, OpenEncounter, VisitDescription

# In 2205 and 2302: every unsettled line of the visit.
EVERYTHING: Final = "0000"


async def register(call: Call, asked: RegistrationInput) -> RegistrationOutput:
    """2201. Ordinary outpatient care until 2203 says otherwise; at a pharmacy a purchase."""
    wanted = asked.data
    details = {
        "doctor_no": wanted.doctor_no,
        "doctor_name": wanted.doctor_name,
        "department_code": wanted.department_code,
        "department_name": wanted.department_name,
        "credential_code": wanted.credential_kind.zfill(2),
    }
    is_pharmacy = call.institution.kind is InstitutionKind.PHARMACY
    code = "41" if is_pharmacy else "11"
    encounter = await _open(call, wanted, care_type_of(code), code, wanted.visit_serial, MarkSet(), (), details)
    return RegistrationOutput(
        data=RegistrationAnswer(
            encounter_number=encounter.number,
            person_number=person_number(encounter.person_id),
            visit_serial=encounter.hospital_serial,
        )
    )


async def admit(call: Call, asked: AdmissionInput) -> AdmissionOutput:
    """2401."""
    wanted = asked.visit
    care = care_type_of(wanted.care_type)
    if care.kind is not CareKind.INPATIENT:
        raise CodeUnknown(f"入院办理的医疗类别 med_type 是 {wanted.care_type}（{care.zh}），请填住院类，例如 21")
    details = {
        "doctor_no": wanted.doctor_no,
        "doctor_name": wanted.chief_doctor_name,
        "department_code": wanted.admission_department_code,
        "department_name": wanted.admission_department_name,
        "bed": wanted.bed,
        "admission_diagnosis": wanted.admission_diagnosis,
        "main_diagnosis_code": wanted.main_diagnosis_code,
        "main_diagnosis_name": wanted.main_diagnosis_name,
        "disease_code": wanted.disease_code,
        "disease_name": wanted.disease_name,
        "credential_code": wanted.credential_kind.zfill(2),
    }
    marks = read_marks(wanted, care)
    diagnoses = _diagnoses(asked.diagnoses)
    delivery = _delivery(wanted.delivery_code, is_birth=care.is_birth)
    encounter = await _open(
        call, wanted, care, wanted.care_type, wanted.stay_serial, marks, diagnoses, details, delivery
    )
    return AdmissionOutput(answer=AdmissionAnswer(encounter_number=encounter.number))


async def describe(call: Call, asked: VisitInfoInput) -> None:
    """2203 and 2203A."""
    wanted = asked.visit
    care = care_type_of(wanted.care_type)
    if care.kind is CareKind.INPATIENT:
        raise CodeUnknown(f"门诊就诊的医疗类别 med_type 是 {wanted.care_type}（{care.zh}），住院请用 2401 办入院")
    if care.kind is CareKind.CHRONIC and not wanted.disease_code:
        raise NodeInvalid("门诊慢特病要填病种：请在 dise_codg 里填这位患者已认定的慢特病病种编码")
    encounter = await visit_of(call, wanted.encounter_number, wanted.person_number)
    if encounter.care_kind is CareKind.INPATIENT:
        raise VisitMismatch("这次就诊是住院，没有门诊就诊信息上传这一步")
    marks = read_marks(wanted, care, category_marks_emergency=_is_inside_province(call.regions, encounter))
    if care.is_emergency and not marks.is_emergency:
        raise CodeUnknown(
            "跨省急诊（med_type 13）要上传急诊标志：请在 exp_content 里加 OTP_ER_REFL_FLAG，1 急诊、3 转诊合并急诊"
        )
    description = VisitDescription(
        care_type=wanted.care_type,
        care_kind=care.kind,
        is_emergency=marks.is_emergency,
        is_referral_mark=marks.is_referral,
        is_trauma=marks.is_trauma,
        has_third_party=marks.has_third_party,
        is_birth=care.is_birth,
        diagnoses=_diagnoses(asked.diagnoses),
        details={"disease_code": wanted.disease_code, "disease_name": wanted.disease_name},
    )
    number = encounter_of(wanted.encounter_number, encounter.person_id)
    await settlement.describe_visit(call.db, number, call.institution.institution_code, description, now=call.now)


async def charge(call: Call, asked: LinesInput) -> LinesOutput:
    """2204 and 2301: all lines of one visit, or none."""
    if not asked.lines:
        raise NodeInvalid("feedetail（费用明细节点）是空的，请至少放一行明细")
    first = asked.lines[0]
    for row, line in enumerate(asked.lines, start=1):
        if (line.encounter_number, line.person_number) != (first.encounter_number, first.person_number):
            raise VisitMismatch(
                f"feedetail 第 {row} 行和第 1 行不是同一个人的同一次就诊（psn_no、mdtrt_id），请分开上传"
            )
    encounter = await visit_of(call, first.encounter_number, first.person_number)
    is_stay = encounter.care_kind is CareKind.INPATIENT
    lines = await settlement.upload_lines(
        call.db,
        encounter_of(first.encounter_number, encounter.person_id),
        call.institution.institution_code,
        [_line_upload(line, row, is_stay=is_stay) for row, line in enumerate(asked.lines, start=1)],
        now=call.now,
    )
    return LinesOutput(rows=[line_answer(line) for line in lines])


async def withdraw_batch(call: Call, asked: BatchInput) -> None:
    """2205."""
    wanted = asked.data
    encounter = await visit_of(call, wanted.encounter_number, wanted.person_number)
    await settlement.withdraw_lines(
        call.db,
        encounter_of(wanted.encounter_number, encounter.person_id),
        call.institution.institution_code,
        batch=None if wanted.batch == EVERYTHING else wanted.batch,
    )


async def withdraw_lines(call: Call, asked: LineWithdrawalInput) -> None:
    """2302: several rows of one stay."""
    if not asked.data:
        raise NodeInvalid("data 是空的，请至少放一行要撤销的明细")
    first = asked.data[0]
    if any(
        (row.encounter_number, row.person_number) != (first.encounter_number, first.person_number) for row in asked.data
    ):
        raise VisitMismatch("要撤销的明细不是同一个人的同一次就诊（psn_no、mdtrt_id），请分开撤销")
    encounter = await visit_of(call, first.encounter_number, first.person_number)
    serials = [row.line_serial for row in asked.data]
    await settlement.withdraw_lines(
        call.db,
        encounter_of(first.encounter_number, encounter.person_id),
        call.institution.institution_code,
        line_serials=None if EVERYTHING in serials else serials,
    )


async def discharge(call: Call, asked: DischargeInput) -> None:
    """2402. Regions send it before or after the settlement: after it, the same day and delivery change nothing."""
    wanted = asked.discharge
    encounter = await visit_of(call, wanted.encounter_number, wanted.person_number)
    _require_stay(encounter)
    await settlement.record_discharge(
        call.db,
        encounter_of(wanted.encounter_number, encounter.person_id),
        call.institution.institution_code,
        plain_day(wanted.ends_at),
        delivery=_delivery(wanted.delivery_code, is_birth=encounter.is_birth),
        now=call.now,
    )


async def undo_discharge(call: Call, asked: VisitInput) -> None:
    """2405."""
    encounter = await visit_of(call, asked.data.encounter_number, asked.data.person_number)
    _require_stay(encounter)
    await settlement.record_discharge(
        call.db,
        encounter_of(asked.data.encounter_number, encounter.person_id),
        call.institution.institution_code,
        None,
        now=call.now,
    )


async def void(call: Call, asked: VisitInput) -> None:
    """2202 and 2404."""
    encounter = await visit_of(call, asked.data.encounter_number, asked.data.person_number)
    is_stay = encounter.care_kind is CareKind.INPATIENT
    if is_stay != (call.message.transaction_code == "2404"):
        raise VisitMismatch("这次就诊是住院，请用 2404 撤销" if is_stay else "这次就诊是门诊，请用 2202 撤销")
    await settlement.void_encounter(
        call.db,
        encounter_of(asked.data.encounter_number, encounter.person_id),
        call.institution.institution_code,
        now=call.now,
    )


async def visit_of(call: Call, encounter_number: str, number: str) -> Encounter:
    """The visit a message names, checked to be this person's, this institution's and of the region it says."""
    encounter = await settlement.require_encounter(
        call.db, encounter_of(encounter_number, person_id_of(number)), call.institution.institution_code
    )
    check_insured_region(call, encounter.insured_pool)
    return encounter


async def _open(
    call: Call,
    wanted: Registration | Admission,
    care: CareType,
    care_type: str,
    hospital_serial: str,
    marks: MarkSet,
    diagnoses: tuple[Diagnosis, ...],
    details: dict[str, Any],
    delivery: Delivery | None = None,
) -> Encounter:
    person_id = person_id_of(wanted.person_number)
    insurance = insurance_of(wanted.insurance_code)
    admitted_on = wanted.begins_at.date()
    for row in await enrollments(call.db, person_id, admitted_on):
        if row.insurance_type is insurance:
            check_insured_region(call, row.pool_code)
            await _check_credential(call, wanted, person_id, row.pool_code, is_emergency=bool(marks.is_emergency))
    return await settlement.open_encounter(
        call.db,
        call.pack,
        call.regions,
        OpenEncounter(
            person_id=person_id,
            institution_code=call.institution.institution_code,
            care_kind=care.kind,
            hospital_serial=hospital_serial,
            insurance_type=insurance,
            admitted_on=admitted_on,
            message_id=call.message.message_id,
            transaction_code=call.message.transaction_code,
            request_hash=call.request_hash,
            insured_region=call.message.insured_region,
            care_type=care_type,
            is_emergency=bool(marks.is_emergency),
            is_referral_mark=bool(marks.is_referral),
            is_trauma=bool(marks.is_trauma),
            has_third_party=marks.has_third_party,
            is_birth=care.is_birth,
            delivery=delivery,
            diagnoses=diagnoses,
            details={name: value for name, value in details.items() if value},
        ),
        now=call.now,
    )


async def _check_credential(
    call: Call, wanted: Registration | Admission, person_id: int, insured_pool: str, *, is_emergency: bool
) -> None:
    """Away from home only the medical code or the card; an emergency is not sent away for want of one.

    A code or card whose number is sent must be this person's and valid; the number itself is optional here.
    """
    kind = credential_of(wanted.credential_kind)
    if kind is None:
        if insured_pool != call.institution.pool_code and not is_emergency:
            raise CredentialRefused(
                "异地直接结算只认医保码或社会保障卡，不能只凭身份证。请患者出示医保码（01）或社保卡（03）后再登记"
            )
        return
    if wanted.credential_number:
        holder = await find_presented(
            call.db,
            call.vault,
            kind,
            wanted.credential_number,
            institution_code=call.institution.institution_code,
            now=call.now,
        )
        if holder is None or holder.person_id != person_id:
            raise CredentialRefused(f"这个{kind.zh}不是这位患者（psn_no）的，请重新读码（读卡）并核对患者")


def _delivery(code: str, *, is_birth: bool) -> Delivery | None:
    """A stay that is not for giving birth may say 9 (其他) and the like; that a child was born, it may not."""
    told = delivery_of(code)
    return told if told is None or is_birth or told.kind is not None else None


def _diagnoses(rows: list[DiagnosisRow]) -> tuple[Diagnosis, ...]:
    return tuple(
        Diagnosis(
            order_no=row.diagnosis_order,
            code=row.diagnosis_code,
            name=row.diagnosis_name,
            kind=row.diagnosis_kind,
            is_main=bool(row.is_main_diagnosis),
            is_valid=bool(row.is_valid),
        )
        for row in rows
    )


def _line_upload(line: LineRow, row: int, *, is_stay: bool) -> LineUpload:
    """Lines of a visit need their batch: it ties them to one settlement."""
    if not is_stay and not line.batch:
        raise NodeInvalid(f"feedetail 第 {row} 行缺少 chrg_bchno（收费批次号），请补上再发")
    return LineUpload(
        line_serial=line.line_serial,
        item_code=line.item_code,
        happened_on=plain_day(line.happened_on),
        quantity_e4=int(line.quantity),
        unit_price_e6=int(line.unit_price),
        total_fen=int(line.line_total),
        batch="" if is_stay else line.batch,
        hospital_item_code=line.hospital_item_code,
        approval=line.approval,
        returns_line=line.returned_line_serial,
    )


def _is_inside_province(regions: Regions, encounter: Encounter) -> bool:
    insured, treating = regions.get(encounter.insured_pool), regions.get(encounter.treatment_pool)
    return insured is not None and treating is not None and insured.province_code == treating.province_code


def _require_stay(encounter: Encounter) -> None:
    if encounter.care_kind is not CareKind.INPATIENT:
        raise VisitMismatch("这次就诊是门诊，没有出院这一步")
