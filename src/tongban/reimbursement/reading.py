"""What the typed answers of a draft amount to: typed values become answers or problems, step by step.

Pure, and afresh each time: the same values mean the same on every page, whatever the order in which the steps were
filled in, and a problem of yesterday is gone when the day, the record or a picture has changed.
"""

from collections.abc import Callable
from typing import Final

from tongban.drafts import Draft
from tongban.kernel.contact import phone_problem, tidy_phone
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Relation
from tongban.law import Permission
from tongban.reimbursement import rules
from tongban.reimbursement.errors import AnswerMissing, NotClaimable
from tongban.reimbursement.facts import Facts, Reading
from tongban.reimbursement.model import ClaimAnswers
from tongban.reimbursement.read_money import read_bank, read_invoices
from tongban.reimbursement.read_stay import chosen_enrollment, read_hospital, read_stay
from tongban.reimbursement.steps import FOR_SELF, Step
from tongban.signing import answers_hash, read_confirmed, read_signature


def read_draft(draft: Draft, facts: Facts) -> Reading:
    """All steps in order. A step that rests on an unanswered one has that as its problem."""
    reading = Reading(facts)
    for step, read in _READERS.items():
        if problems := read(draft, reading):
            reading.problems[step] = problems
    return reading


def _read_who(draft: Draft, reading: Reading) -> list[Refusal]:
    values, facts = draft.values(Step.WHO), reading.facts
    whom = values.get("whom", "")
    if facts.lacks_code:
        return [NotClaimable("网上申请要先激活您的医保码。请打开“医保码”，激活以后再来", field="whom")]
    if not whom:
        return [AnswerMissing("请选给谁报", field="whom")]
    problems: list[Refusal] = []
    if whom != FOR_SELF:
        if reading.is_for_self:
            return [AnswerMissing("请填看病的人的姓名和身份证号，要和身份证一样", field="name")]
        if values.get("relation") not in set(Relation):
            return [AnswerMissing("请选看病的人是您的什么人", field="relation")]
        reading.relation = Relation(values["relation"])
        pool = _pool_of(draft, facts)
        reading.permission = rules.may_claim_for(facts.pack, pool, reading.relation, facts.today)
        if reading.permission.outcome is not Permission.ALLOWED:
            problems.append(NotClaimable(reading.permission.sentence, field="relation"))
    elif not reading.is_for_self:
        return [AnswerMissing("请再选一次给谁报", field="whom")]
    phone = tidy_phone(values.get("phone", ""))
    if problem := phone_problem(phone, field="phone"):
        problems.append(problem)
    reading.phone = phone
    return problems


def _pool_of(draft: Draft, facts: Facts) -> str:
    """Whose rules say who may claim; until one of several enrollments is chosen, those of the first."""
    enrollment = chosen_enrollment(draft, facts) or next(iter(facts.enrollments), None)
    return enrollment.pool_code if enrollment else ""


def _read_photos(draft: Draft, reading: Reading) -> list[Refusal]:
    facts = reading.facts
    if reading.enrollment is None:
        return [AnswerMissing("请先填住院的情况")]
    reading.slots, reading.papers_list = rules.slots_of(
        facts.pack, reading.enrollment.pool_code, is_for_self=reading.is_for_self, on=facts.today
    )
    there = {slot.partition(".")[0] for slot in facts.papers}
    problems: list[Refusal] = [
        AnswerMissing(f"还没有{slot.zh}的照片", field=slot.slot)
        for slot in reading.slots
        if slot.is_needed and slot.slot not in there
    ]
    for slot in reading.slots:
        owner = facts.applicant if slot.is_proxys else facts.patient
        kept = [each for name, each in facts.papers.items() if name.partition(".")[0] == slot.slot]
        if any(each.person_id != owner.person_id for each in kept):  # whom it is for was changed afterwards
            problems.append(AnswerMissing(f"{slot.zh}的照片是给别人传的，请删除后重拍", field=slot.slot))
    if not problems and not draft.is_submitted(Step.PHOTOS):
        return [AnswerMissing("请看一下照片，都清楚就点下一步")]
    return problems


def _read_review(draft: Draft, reading: Reading) -> list[Refusal]:
    values, facts = draft.values(Step.REVIEW), reading.facts
    admitted, discharged, total = reading.admitted_on, reading.discharged_on, reading.total_fen
    enrollment, institution, card, care = reading.enrollment, facts.institution, reading.card, reading.care
    if (
        reading.problems
        or admitted is None
        or discharged is None
        or total is None
        or enrollment is None
        or institution is None
        or card is None
        or care is None
    ):
        return read_confirmed(values, None)
    reading.answers = ClaimAnswers(
        relation=reading.relation,
        care=care,
        insurance_type=enrollment.insurance_type,
        category=enrollment.category,
        insured_pool=enrollment.pool_code,
        treatment_pool=institution.pool_code,
        institution_code=institution.institution_code,
        institution_name=institution.name,
        admitted_on=admitted,
        discharged_on=discharged,
        total_fen=total,
        is_injury=reading.is_injury,
        invoices=reading.invoices,
        card=card,
        phone=reading.phone,
        papers={slot: material.number for slot, material in facts.papers.items()},
        papers_sha256={slot: material.sha256 for slot, material in facts.papers.items()},
    )
    reading.commitment = facts.texts.commitment(reading.answers, applicant=facts.applicant, patient=facts.patient)
    signed_for = reading.answers.signed_for(facts.patient.person_id, facts.applicant.person_id)
    reading.answers_hash = answers_hash(reading.commitment, signed_for)
    return read_confirmed(values, reading.answers_hash)


def _read_sign(draft: Draft, reading: Reading) -> list[Refusal]:
    values = draft.values(Step.SIGN)
    reading.signature, problems = read_signature(values, reading.answers_hash, reading.facts.applicant.name)
    return problems


_READERS: Final[dict[Step, Callable[[Draft, Reading], list[Refusal]]]] = {
    Step.WHO: _read_who,
    Step.HOSPITAL: read_hospital,
    Step.STAY: read_stay,
    Step.PHOTOS: _read_photos,
    Step.INVOICES: read_invoices,
    Step.BANK: read_bank,
    Step.REVIEW: _read_review,
    Step.SIGN: _read_sign,
}
