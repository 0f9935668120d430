"""From a draft to a claim: what the draft amounts to, and handing it in once."""

from datetime import date, datetime
from uuid import UUID

from tongban import drafts
from tongban.directory import Regions, institution
from tongban.drafts import Draft
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.law import Pack, Undetermined, online_needs_medical_code
from tongban.materials import attach, find, months_to_keep
from tongban.people import MedicalCodeState, enrollments, get_person, medical_code_state
from tongban.reimbursement import rules, store
from tongban.reimbursement.errors import InvoiceUsed, StayClaimed
from tongban.reimbursement.facts import Facts, Reading
from tongban.reimbursement.model import Claim, ClaimAnswers, EventKind
from tongban.reimbursement.read_stay import typed_day
from tongban.reimbursement.reading import read_draft
from tongban.reimbursement.records import not_found, parsed
from tongban.reimbursement.steps import Step
from tongban.reimbursement.telling import tell
from tongban.reimbursement.texts import Texts, load_texts
from tongban.settlement import settled_stay
from tongban.signing import keep, sign


async def read(
    db: Db, vault: Vault, pack: Pack, regions: Regions, draft: Draft, *, now: datetime, texts: Texts | None = None
) -> Reading:
    """What the draft amounts to today, by what records and law say now."""
    today = day_of(now)
    applicant = await get_person(db, vault, draft.person_id)
    patient = applicant
    if draft.for_person_id != draft.person_id:
        patient = await get_person(db, vault, draft.for_person_id)
    admitted, discharged = typed_day(draft, "admitted"), typed_day(draft, "discharged")
    hospital_code = draft.value(Step.HOSPITAL, "hospital")
    found = await institution(db, hospital_code) if hospital_code else None
    settled, is_claimed = None, False
    if found is not None and admitted is not None and discharged is not None and admitted <= discharged:
        stay = (patient.person_id, found.institution_code, admitted, discharged)
        settled = await settled_stay(db, *stay)
        is_claimed = await store.has_live_claim(db, *stay)
    insured = tuple(await enrollments(db, patient.person_id, _day_of_stay(admitted, today)))
    code = online_needs_medical_code(pack, insured[0].pool_code if insured else "", today)
    is_needed = isinstance(code, Undetermined) or code.value == 1
    state = await medical_code_state(db, applicant.person_id)
    facts = Facts(
        today=today,
        pack=pack,
        regions=regions,
        texts=texts or load_texts(),
        applicant=applicant,
        patient=patient,
        enrollments=insured,
        lacks_code=is_needed and state is not MedicalCodeState.ACTIVE,
        institution=found,
        settled=settled,
        is_claimed=is_claimed,
        papers={
            slot: await find(db, viewer_id=draft.person_id, number=number, now=now)
            for slot, number in draft.papers.items()
        },
    )
    return read_draft(draft, facts)


def _day_of_stay(admitted: date | None, today: date) -> date:
    return today if admitted is None else min(admitted, today)


async def submit_claim(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    draft_id: UUID,
    channel: str,
    now: datetime,
    texts: Texts | None = None,
) -> Claim:
    """Make the one claim that comes out of a draft; handing it in again gives the same claim.

    Raises DraftNotFound, Invalid with the problems of the first step that has any, StayClaimed, InvoiceUsed, and
    SignatureRefused or SignatureVoid.
    """
    async with drafts.handing_in(db, vault, person_id=person_id, draft_id=draft_id, now=now) as draft:
        if draft.outcome:
            return await _claim_of(db, draft.outcome)
        reading = await read(db, vault, pack, regions, draft, now=now, texts=texts)
        if reading.answers is None or reading.signature is None or reading.commitment is None:
            raise Invalid(next(problems for step in Step if (problems := reading.problems_of(step))))
        claim = await _write(db, vault, pack, draft, reading, reading.answers, channel=channel, now=now)
        signed = sign(
            reading.signature,
            reading.commitment,
            reading.answers.signed_for(claim.person_id, claim.applied_by),
            signer_id=claim.applied_by,
            signer_name=reading.facts.applicant.name,
            now=now,
        )
        await keep(db, person_id=claim.person_id, subject=claim.number, signature_no=1, signed=signed)
        await attach(
            db,
            person_id=claim.person_id,
            numbers=list(dict.fromkeys(claim.papers.values())),
            subject=claim.number,
            months=months_to_keep(pack, claim.insured_pool, day_of(now)),
            now=now,
        )
        actor = f"person:{claim.applied_by}"
        await tell(db, claim, EventKind.SUBMITTED, actor=actor, channel=channel, now=now)
        await drafts.finish(db, draft, claim.number, now)
    return claim


async def _write(
    db: Db,
    vault: Vault,
    pack: Pack,
    draft: Draft,
    reading: Reading,
    answers: ClaimAnswers,
    *,
    channel: str,
    now: datetime,
) -> Claim:
    due_on, days = rules.due_on(pack, answers.insured_pool, day_of(now))
    claim = await store.insert_claim(
        db,
        vault,
        answers,
        person_id=draft.for_person_id,
        applied_by=draft.person_id,
        decision=rules.decision_record({**reading.decision, "days": days}),
        policy_version=pack.version,
        submit_token=draft.submit_token,
        channel=channel,
        due_on=due_on,
        now=now,
    )
    if claim is None:
        raise StayClaimed("这次住院已经申请过报销，不用再交。请在“我的报销”里看进度")
    # In one order everywhere, so that two claims with the same invoices wait for each other and do not lock up.
    for invoice in sorted(answers.invoices):
        if not await store.take_invoice(db, vault, claim, invoice):
            raise InvoiceUsed(
                f"号码末四位是 {invoice.number[-4:]} 的发票已经申请过报销。号码没有填错的话，请打参保地的电话问一下"
            )
    await store.insert_invoices(db, claim, answers.invoices)
    return claim


async def _claim_of(db: Db, outcome: str) -> Claim:
    found = await store.claim(db, *parsed(outcome))
    if found is None:
        raise not_found()
    return found
