"""A referral 转诊: entered by the sending hospital, or at a window on its certificate."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tongban.directory import Institution, Regions, institution
from tongban.filing import rules, store
from tongban.filing.errors import AnswerMissing, EnrollmentMismatch, PlaceRefused, ReferralRefused
from tongban.filing.model import Filing, FilingStatus, FilingWay, Referral
from tongban.filing.rules import KindDecision
from tongban.filing.tell import tell_referred
from tongban.filing.write import write_filing
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import FilingKind, InsuranceType
from tongban.law import Pack
from tongban.people import Enrollment, enrollments, get_person

_TEXT_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class ReferralAnswers:
    """What the sending hospital writes. Institutions by code; the receiving one gives the place."""

    insurance_type: InsuranceType
    from_institution: str
    to_institution: str
    diagnosis: str
    reason: str
    doctor: str
    starts_on: date


async def file_referral(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    answers: ReferralAnswers,
    way: FilingWay,
    entered_by: str,
    submit_token: UUID,
    channel: str,
    now: datetime,
) -> Filing:
    """The filing that a referral is, in force from its first day, only for the receiving hospital's place.

    `way` is HOSPITAL or WINDOW, `entered_by` reads ``institution:<code>`` or ``operator:<name>``; a hospital enters its
    own referrals alone. The same `submit_token` again gives the first filing and writes nothing.
    Raises EnrollmentMismatch, ReferralRefused, PlaceRefused, KindRefused or one of its kinds, Invalid, FilingOverlaps.
    """
    if (first := await store.filing_by_token(db, person_id, submit_token)) is not None:
        return first
    today = day_of(now)
    if way is FilingWay.HOSPITAL and entered_by != f"institution:{answers.from_institution}":
        raise ReferralRefused("转诊要由转出的医院来录", field="from_institution")
    person = await get_person(db, vault, person_id)
    enrollment = _enrollment(await enrollments(db, person_id, today), answers.insurance_type)
    sending = await _hospital(db, answers.from_institution, "from_institution", "转出的医院")
    if sending.pool_code != enrollment.pool_code:
        raise ReferralRefused(f"{sending.name}不在参保地，转诊要由参保地的医院来办", field="from_institution")
    receiving = await _hospital(db, answers.to_institution, "to_institution", "接收的医院")
    if not receiving.settles_inpatient:
        raise PlaceRefused(f"{receiving.name}还不能直接结算住院，请换一家，或者先问那家医院", field="to_institution")
    region = rules.open_region(pack, regions, receiving.pool_code, enrollment.pool_code, today)
    decision = rules.decide_kind(
        pack,
        insured_pool=enrollment.pool_code,
        insurance_type=enrollment.insurance_type,
        category=enrollment.category,
        treatment_pool=region.pool_code,
        where=rules.locality_of(regions, enrollment.pool_code, region),
        kind=FilingKind.REFERRAL,
        today=today,
        by_hospital=True,
    )
    if problems := _problems(answers, decision, today):
        raise Invalid(problems)

    filing = Filing(
        person_id=person_id,
        filing_serial=0,
        kind=FilingKind.REFERRAL,
        scopes=decision.scopes,
        treatment_pool=region.pool_code,
        insured_pool=enrollment.pool_code,
        insurance_type=enrollment.insurance_type,
        category=enrollment.category,
        valid_from=answers.starts_on,
        valid_to=decision.ends_on(answers.starts_on),
        stays_max=decision.terms.stays_max,
        status=FilingStatus.ACTIVE,
        channel=channel,
        way=way,
        filed_by=person_id,
        relation=None,
        contact_name=person.name,
        policy_version=pack.version,
        filed_at=now,
        closed_at=None,
        close_reason="",
        settlements_here=0,
    )
    referral = Referral(
        from_institution=sending.institution_code,
        to_institution=receiving.institution_code,
        diagnosis=answers.diagnosis.strip(),
        reason=answers.reason.strip(),
        doctor=answers.doctor.strip(),
        entered_by=entered_by,
    )

    async def after(made: Filing) -> None:
        await store.insert_referral(db, vault, person_id, made.filing_serial, referral)
        await tell_referred(db, made, region.name, sending.name, now=now)

    return await write_filing(
        db,
        vault,
        filing,
        contact=rules.Contact(person.name, person.phone, "", ""),
        proxy_phone="",
        answers={
            "insurance_type": enrollment.insurance_type.value,
            "category": enrollment.category.value,
            "insured_pool": enrollment.pool_code,
            "treatment_pool": region.pool_code,
            "kind": FilingKind.REFERRAL.value,
            "starts_on": answers.starts_on.isoformat(),
            "from_institution": sending.institution_code,
            "to_institution": receiving.institution_code,
        },
        decision=decision,
        submit_token=submit_token,
        place=region.name,
        actor=entered_by,
        now=now,
        today=today,
        after=after,
    )


def _enrollment(valid: list[Enrollment], insurance_type: InsuranceType) -> Enrollment:
    found = next((each for each in valid if each.insurance_type is insurance_type), None)
    if found is None:
        raise EnrollmentMismatch(f"没有查到这位参保人的{insurance_type.zh}，请核对参保情况", field="insurance_type")
    return found


async def _hospital(db: Db, code: str, field: str, zh: str) -> Institution:
    if (found := await institution(db, code)) is None:
        raise ReferralRefused(f"没有找到{zh}，请核对医院编码", field=field)
    return found


def _problems(answers: ReferralAnswers, decision: KindDecision, today: date) -> list[Refusal]:
    found: list[Refusal] = []
    for field, zh, text in (
        ("diagnosis", "诊断", answers.diagnosis),
        ("reason", "转诊原因", answers.reason),
        ("doctor", "医生姓名", answers.doctor),
    ):
        if not text.strip():
            found.append(AnswerMissing(f"请填{zh}", field=field))
        elif len(text.strip()) > _TEXT_LENGTH_MAX:
            found.append(AnswerMissing(f"{zh}最多 {_TEXT_LENGTH_MAX} 个字", field=field))
    period = rules.Period(answers.starts_on, decision.ends_on(answers.starts_on), None)
    found += rules.period_problems(period, decision, today)
    return found
