"""From a draft to an application: read it, hand it in once."""

from datetime import datetime
from uuid import UUID

import asyncpg

from tongban import drafts, law, materials, signing
from tongban.chronic import rules, store, store_certifications
from tongban.chronic.errors import AlreadyApplied, EnrollmentMismatch, MedicalCodeNotActive, ProxyRefused
from tongban.chronic.model import Answers, Application, EventKind, Purpose
from tongban.chronic.reading import (
    INSTITUTIONS,
    Facts,
    Reading,
    codes_in,
    commitment_for,
    institution_problems,
    read_draft,
)
from tongban.chronic.records import application_seen_by
from tongban.chronic.telling import tell
from tongban.directory import chronic_diseases, institution
from tongban.drafts import Draft
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.law import Pack
from tongban.people import (
    SEEN_FROM_THE_OTHER_SIDE,
    MedicalCodeState,
    enrollments,
    get_person,
    kin_of,
    medical_code_state,
)
from tongban.signing import Signature


async def read(db: Db, vault: Vault, pack: Pack, draft: Draft, *, now: datetime) -> Reading:
    """What the draft amounts to today."""
    return read_draft(draft, await _facts(db, vault, pack, draft, now))


async def _facts(db: Db, vault: Vault, pack: Pack, draft: Draft, now: datetime) -> Facts:
    today = day_of(now)
    person_id, signer = draft.for_person_id, await get_person(db, vault, draft.person_id)
    catalog = await chronic_diseases(db)
    relation = None
    patient_name = signer.name
    if person_id != draft.person_id:
        # The relative may have been released since the draft was begun.
        kin = next((each for each in await kin_of(db, vault, draft.person_id) if each.kin_id == person_id), None)
        if kin is None:
            raise ProxyRefused("您的家人里没有这一位了，请从“慢特病”重新办", field="for")
        relation, patient_name = SEEN_FROM_THE_OTHER_SIDE[kin.relation], kin.name
    chosen = codes_in(draft.value(INSTITUTIONS, "institutions"))[: rules.INSTITUTIONS_MAX]
    found = {code: await institution(db, code) for code in chosen}
    pictures = await materials.find_all(db, viewer_id=draft.person_id, numbers=list(draft.papers.values()), now=now)
    return Facts(
        today=today,
        pack=pack,
        enrollments=tuple(await enrollments(db, person_id, today)),
        catalog=catalog,
        certifications=await store_certifications.certifications(db, person_id, None, store.names_of(catalog)),
        open_keys=await store.open_keys(db, person_id),
        institutions={code: each for code, each in found.items() if each is not None},
        papers_sha256={slot: picture.sha256 for slot, picture in zip(draft.papers, pictures, strict=True)},
        signer_name=signer.name,
        patient_name=patient_name,
        relation=relation,
    )


async def submit_draft(
    db: Db, vault: Vault, pack: Pack, *, person_id: int, draft_id: UUID, channel: str, now: datetime
) -> Application:
    """Make the one application that comes out of a draft; handing it in again gives the same one.

    Raises DraftNotFound, Invalid with the problems of the first step that has any, and all that `open_application`
    raises.
    """
    async with drafts.handing_in(db, vault, person_id=person_id, draft_id=draft_id, now=now) as draft:
        if draft.outcome:
            return await application_seen_by(db, person_id, draft.outcome)
        facts = await _facts(db, vault, pack, draft, now)
        reading = read_draft(draft, facts)
        if reading.answers is None or reading.signature is None:
            raise Invalid(reading.first_problems())
        application = await open_application(
            db,
            vault,
            pack,
            facts,
            person_id=draft.for_person_id,
            applied_by=draft.person_id,
            answers=reading.answers,
            signature=reading.signature,
            submit_token=draft.submit_token,
            channel=channel,
            now=now,
        )
        await drafts.finish(db, draft, application.number, now)
    return application


async def open_application(
    db: Db,
    vault: Vault,
    pack: Pack,
    facts: Facts,
    *,
    person_id: int,
    applied_by: int,
    answers: Answers,
    signature: Signature,
    submit_token: UUID,
    channel: str,
    now: datetime,
) -> Application:
    """An application, in review at once. The same `submit_token` again gives the first one and writes nothing.

    Raises MedicalCodeNotActive, EnrollmentMismatch, Invalid (diseases, institutions), SignatureVoid,
    SignatureRefused, AlreadyApplied when another window was faster, MaterialNotFound.
    """
    known = store.names_of(facts.catalog)
    if (first := await store.application_by_token(db, person_id, submit_token, known)) is not None:
        return first
    today = day_of(now)
    await _require_medical_code(db, pack, person_id, answers.insured_pool, now)
    if not any(
        (each.insurance_type, each.category, each.pool_code)
        == (answers.insurance_type, answers.category, answers.insured_pool)
        for each in facts.enrollments
    ):
        raise EnrollmentMismatch("参保记录变了，和您选的不一样，请核对后再提交", field="enrollment")
    problems = institution_problems(pack, answers.insured_pool, answers.institutions, facts.institutions, today)
    if answers.purpose is Purpose.RECOGNISE:
        certified = rules.certified_under(facts.certifications, answers.insured_pool, answers.insurance_type)
        problems += rules.disease_problems(answers.wanted, certified, facts.open_keys, today)
    if problems:
        raise Invalid(problems)
    signed = signing.sign(
        signature,
        commitment_for(answers.purpose, answers.wanted, facts),
        answers.record(person_id, applied_by),
        signer_id=applied_by,
        signer_name=facts.signer_name,
        now=now,
    )
    try:
        async with db.transaction():
            serial = await store.take_serial(db, person_id)
            # Asked once more now that other submits of this person have to wait: the first look saw an older state.
            if (first := await store.application_by_token(db, person_id, submit_token, known)) is not None:
                return first
            await store.insert_application(
                db,
                vault,
                answers,
                person_id=person_id,
                serial=serial,
                applied_by=applied_by,
                policy_version=pack.version,
                submit_token=submit_token,
                due_on=rules.due_on(pack, answers.insured_pool, today),
                channel=channel,
                now=now,
            )
            made = await store.application(db, person_id, serial, known)
            assert made is not None
            await signing.keep(db, person_id=person_id, subject=made.number, signature_no=1, signed=signed)
            if answers.papers:
                await materials.attach(
                    db,
                    person_id=person_id,
                    numbers=list(answers.papers.values()),
                    subject=made.number,
                    months=materials.months_to_keep(pack, answers.insured_pool, today),
                    now=now,
                )
            await tell(
                db,
                made,
                EventKind.APPLIED,
                actor=f"person:{applied_by}",
                channel=channel,
                now=now,
                title="慢特病申请已经收到",
                body="参保地经办机构会审核。有结果，或者要补材料，会再告诉您。",
            )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "application_once":
            raise
        raise AlreadyApplied("这个病刚刚已经申请过了，请到“慢特病”的记录里看") from None
    return made


async def _require_medical_code(db: Db, pack: Pack, person_id: int, pool: str, now: datetime) -> None:
    # Where no source says, the stricter way, as for a filing.
    needed = law.online_needs_medical_code(pack, pool, day_of(now))
    if not isinstance(needed, law.Undetermined) and not needed.value:
        return
    if await medical_code_state(db, person_id) is not MedicalCodeState.ACTIVE:
        raise MedicalCodeNotActive("网上申请要先激活医保码。请打开“医保码”，激活以后再来办")
