"""Open a filing: everything checked once more, written in one transaction, at most once per token."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from tongban.directory import Regions
from tongban.filing import rules, store
from tongban.filing.errors import (
    FilingOverlaps,
    MedicalCodeNotActive,
    NoticeNotRead,
)
from tongban.filing.model import (
    SEALED_ANSWERS,
    Filing,
    FilingAnswers,
    FilingStatus,
    FilingWay,
    scope_numbers,
)
from tongban.filing.reading import proof_zh
from tongban.filing.texts import Texts, load_texts
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Conflict, Invalid
from tongban.law import Pack, Undetermined, online_needs_medical_code
from tongban.people import MedicalCodeState, enrollments, get_person, medical_code_state
from tongban.signing import CommitmentNotAgreed, Signature, keep, sign


async def open_filing(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    filed_by: int,
    answers: FilingAnswers,
    signature: Signature,
    submit_token: UUID,
    channel: str,
    now: datetime,
    texts: Texts | None = None,
) -> Filing:
    """The filing somebody makes online, in force at once.

    The same `submit_token` again gives the first filing and writes nothing.
    Checked in this order: medical code, enrollment, place, kind, dates and contact (together, as `Invalid`), notice,
    commitment, signature, overlap. Raises MedicalCodeNotActive, EnrollmentMismatch, PlaceRefused, KindRefused or one
    of its kinds, Invalid, NoticeNotRead, CommitmentNotAgreed, SignatureRefused, FilingOverlaps.
    """
    if (first := await store.filing_by_token(db, person_id, submit_token)) is not None:
        return first
    today = day_of(now)
    texts = texts or load_texts()
    signer = await get_person(db, vault, filed_by)
    # Where no source says, the stricter way: a filing that should not have been made would cost the person more.
    code = online_needs_medical_code(pack, answers.insured_pool, today)
    is_needed = isinstance(code, Undetermined) or code.value == 1
    if is_needed and await medical_code_state(db, person_id) is not MedicalCodeState.ACTIVE:
        raise MedicalCodeNotActive("网上备案要先激活医保码。请打开“医保码”，激活以后再来办")
    rules.matching_enrollment(await enrollments(db, person_id, today), answers)
    region = rules.open_region(pack, regions, answers.treatment_pool, answers.insured_pool, today)
    where = rules.locality_of(regions, answers.insured_pool, region)
    decision = rules.decide_kind(
        pack,
        insured_pool=answers.insured_pool,
        insurance_type=answers.insurance_type,
        category=answers.category,
        treatment_pool=answers.treatment_pool,
        where=where,
        kind=answers.kind,
        today=today,
    )
    contact = rules.Contact(
        answers.contact_name, answers.contact_phone, answers.contact_address, answers.residence_address
    )
    period = rules.Period(answers.starts_on, answers.ends_on, answers.admitted_on)
    problems = rules.period_problems(period, decision, today) + rules.contact_problems(contact, answers.kind)
    if problems:
        raise Invalid(problems)
    if answers.notice_version != texts.notice(answers.kind, where).version:
        raise NoticeNotRead("告知书有了新的内容，请再看一遍，再办备案", field="notice_read")
    commitment = texts.commitment(answers.kind, place=region.full_name, proof=proof_zh(decision.terms.materials))
    if answers.commitment_version != commitment.version:
        raise CommitmentNotAgreed("承诺书有了新的内容，请再看一遍，再签名", field="agree")
    kept = answers.signed_for(person_id, filed_by)
    signed = sign(signature, commitment, kept, signer_id=filed_by, signer_name=signer.name, now=now)

    filing = Filing(
        person_id=person_id,
        filing_serial=0,
        kind=answers.kind,
        scopes=decision.scopes,
        treatment_pool=region.pool_code,
        insured_pool=answers.insured_pool,
        insurance_type=answers.insurance_type,
        category=answers.category,
        valid_from=answers.starts_on,
        valid_to=answers.ends_on,
        stays_max=decision.terms.stays_max,
        status=FilingStatus.ACTIVE,
        channel=channel,
        way=FilingWay.SELF,
        filed_by=filed_by,
        relation="",
        contact_name=contact.name,
        policy_version=pack.version,
        filed_at=now,
        closed_at=None,
        close_reason="",
        settlements_here=0,
    )
    numbers = scope_numbers(filing.scopes)
    try:
        async with db.transaction():
            serial = await store.take_serial(db, person_id)
            # Asked once more now that other submits of this person have to wait: the first look saw an older state.
            if (first := await store.filing_by_token(db, person_id, submit_token)) is not None:
                return first
            filing = replace(filing, filing_serial=serial)
            await store.insert_filing(
                db,
                vault,
                filing,
                contact_phone=contact.phone,
                contact_address=contact.address,
                residence_address=contact.residence_address,
                scope_numbers=numbers,
                answers={name: value for name, value in kept.items() if name not in SEALED_ANSWERS},
                decision=decision.record(),
                submit_token=submit_token,
            )
            await keep(db, person_id=person_id, subject=filing.number, signature_no=1, signed=signed)
            actor = f"person:{filed_by}"
            await store.add_event(db, person_id, serial, at=now, what="filed", actor=actor, channel=channel)
            await audit.record(
                db,
                now=now,
                actor=actor,
                channel=channel,
                action="filing.opened",
                person_id=person_id,
                subject=filing.number,
                detail={"kind": filing.kind.value, "treatment_pool": filing.treatment_pool},
            )
    except asyncpg.ExclusionViolationError:
        # Read after the failed transaction was taken back, so that the row that stood in the way can be seen.
        existing = await store.overlapping(
            db, person_id, filing.treatment_pool, numbers, filing.valid_from, filing.valid_to
        )
        if existing is None:
            raise Conflict("刚才还有一个重复的备案，现在已经取消了。请再提交一次") from None
        raise FilingOverlaps(_overlap_sentence(existing, region.name, today), existing=existing) from None
    return filing


def _overlap_sentence(existing: Filing, place: str, today: date) -> str:
    until = f"到{zh_date(existing.valid_to)}" if existing.valid_to else "，长期有效"
    keeps = existing.settlements_here > 0 or existing.is_in_force(today)
    advice = "那个备案能接着用，不用再办" if keeps else "要换日期，请先取消那个备案"
    return (
        f"您已经有去{place}的备案，日期和这次重了：编号 {existing.number}，"
        f"{zh_date(existing.valid_from)}起{until}。{advice}"
    )
