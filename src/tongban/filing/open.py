"""Open a filing online: everything checked once more, written in one transaction, at most once per token."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from tongban.directory import Regions
from tongban.filing import rules, store
from tongban.filing.change import close_replaced
from tongban.filing.errors import AnswerMissing, NoticeNotRead, ProxyRefused
from tongban.filing.model import Filing, FilingAnswers, FilingStatus, FilingWay, relation_signed_for
from tongban.filing.proxy import (
    IDENTITY_SLOTS,
    Proxy,
    code_not_active,
    identity_problems,
    needs_code,
    owner_of,
    proxy_problems,
)
from tongban.filing.reading import proof_zh
from tongban.filing.tell import tell_opened
from tongban.filing.texts import Texts, load_texts
from tongban.filing.write import write_filing
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.contact import phone_problem
from tongban.kernel.errors import Invalid
from tongban.kernel.identifiers import FILING, parse_outside_number
from tongban.law import Pack
from tongban.materials import attach, find_all, months_to_keep
from tongban.people import MedicalCodeState, Person, enrollments, get_person, medical_code_state
from tongban.signing import CommitmentNotAgreed, Signature, SignatureVoid, SignedText, keep, sign

_NO_PAPERS: Mapping[str, str] = {}


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
    relation_signature: Signature | None = None,
    papers: Mapping[str, str] = _NO_PAPERS,
    texts: Texts | None = None,
) -> Filing:
    """The filing somebody makes online, in force at once.

    `filed_by` is another person than `person_id` for a proxy: then `answers` name relation and phone,
    `relation_signature` is the proxy's first signature. `papers` are the numbers of the pictures whose sha256 the
    answers hold, by slot. With ``answers.replaces`` that filing is closed in the same transaction.

    The same `submit_token` again gives the first filing and writes nothing.
    Checked in this order: medical code, enrollment, proxy and papers, place, kind, dates and contact (together, as
    `Invalid`), notice, commitment, signatures, the filing to be replaced, overlap. Raises MedicalCodeNotActive,
    EnrollmentMismatch, ProxyRefused, PlaceRefused, KindRefused or one of its kinds, Invalid, NoticeNotRead,
    CommitmentNotAgreed, SignatureRefused, FilingNotFound, ChangeRefused, NothingToChange, FilingOverlaps.
    """
    if (first := await store.filing_by_token(db, person_id, submit_token)) is not None:
        return first
    today = day_of(now)
    texts = texts or load_texts()
    signer = await get_person(db, vault, filed_by)
    insured = signer if filed_by == person_id else await get_person(db, vault, person_id)
    if needs_code(pack, answers.insured_pool, today):
        state = await medical_code_state(db, person_id)
        if state is not MedicalCodeState.ACTIVE:
            raise code_not_active(insured, is_self=insured is signer)
    rules.matching_enrollment(await enrollments(db, person_id, today), answers)
    proxy = _proxy(pack, signer, insured, answers, relation_signature, today)
    await _check_papers(db, person_id, filed_by, answers, papers, is_by_proxy=proxy is not None, now=now)
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
    period = rules.Period(answers.starts_on, answers.ends_on, answers.admitted_on, answers.stage)
    problems = rules.period_problems(period, decision, today) + rules.contact_problems(contact, answers.kind)
    if problems:
        raise Invalid(problems)
    if answers.notice_version != texts.notice(answers.kind, where).version:
        raise NoticeNotRead("告知书有了新的内容，请再看一遍，再办备案", field="notice_read")
    commitment = texts.commitment(
        answers.kind,
        place=region.full_name,
        proof=proof_zh(decision.terms.materials),
        insured=insured.name if proxy else "",
    )
    if answers.commitment_version != commitment.version:
        raise CommitmentNotAgreed("承诺书有了新的内容，请再看一遍，再签名", field="agree")
    kept = answers.signed_for(person_id, filed_by)
    signed = sign(signature, commitment, kept, signer_id=filed_by, signer_name=signer.name, now=now)
    signatures = [signed] if proxy is None else [_sign_relation(texts, signer, insured, proxy, now), signed]
    replaced = parse_outside_number(answers.replaces, FILING) if answers.replaces else None

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
        relation=proxy.relation if proxy else None,
        contact_name=contact.name,
        policy_version=pack.version,
        filed_at=now,
        closed_at=None,
        close_reason="",
        settlements_here=0,
        replaces_serial=replaced.serial if replaced else None,
    )
    actor = f"person:{filed_by}"

    async def before(made: Filing) -> None:
        if replaced is not None:
            await close_replaced(db, pack, made, replaced, actor_id=filed_by, now=now)

    async def after(made: Filing) -> None:
        await _keep_signatures(db, made, signatures)
        months = months_to_keep(pack, answers.insured_pool, today)
        await attach(
            db, person_id=person_id, numbers=list(papers.values()), subject=made.number, months=months, now=now
        )
        if made.replaces_serial is not None:
            await store.link_replacement(db, person_id, made.replaces_serial, made.filing_serial)
        await tell_opened(db, made, region.name, now=now)

    return await write_filing(
        db,
        vault,
        filing,
        contact=contact,
        proxy_phone=answers.proxy_phone,
        answers=kept,
        decision=decision,
        submit_token=submit_token,
        place=region.name,
        actor=actor,
        now=now,
        today=today,
        before=before,
        after=after,
    )


def _proxy(
    pack: Pack,
    signer: Person,
    insured: Person,
    answers: FilingAnswers,
    relation_signature: Signature | None,
    today: date,
) -> Proxy | None:
    """Raises ProxyRefused or Invalid; None where the insured person files."""
    if signer.person_id == insured.person_id:
        if answers.relation is not None:
            raise ProxyRefused("这是您自己的备案，请选“给自己办”", field="for")
        return None
    if answers.relation is None or relation_signature is None:
        raise ProxyRefused("替别人办，要先写明关系并签名", field="relation")
    problems = proxy_problems(pack, signer, answers.insured_pool, answers.relation, today)
    if phone := phone_problem(answers.proxy_phone, field="proxy_tel"):
        problems.append(phone)
    if problems:
        raise problems[0] if len(problems) == 1 else Invalid(problems)
    return Proxy(answers.relation, answers.proxy_phone, relation_signature)


def _sign_relation(texts: Texts, signer: Person, insured: Person, proxy: Proxy, now: datetime) -> SignedText:
    commitment = texts.relation(
        insured=insured.name, signer=signer.name, relation=proxy.relation.said_of(is_male=insured.is_male)
    )
    answers = relation_signed_for(insured.person_id, signer.person_id, proxy.relation, proxy.phone)
    return sign(proxy.signature, commitment, answers, signer_id=signer.person_id, signer_name=signer.name, now=now)


async def _check_papers(
    db: Db,
    person_id: int,
    filed_by: int,
    answers: FilingAnswers,
    papers: Mapping[str, str],
    *,
    is_by_proxy: bool,
    now: datetime,
) -> None:
    """The pictures are those whose content was signed, each of the person it is said to be of, and of a proxy's filing
    both persons' papers are among them."""
    found = await find_all(db, viewer_id=filed_by, numbers=list(papers.values()), now=now)
    if {slot: material.sha256 for slot, material in zip(papers, found, strict=True)} != dict(answers.papers):
        raise SignatureVoid("您换过照片，原来的签名作废了，请核对后再签一次", field="sign")
    for slot, material in zip(papers, found, strict=True):
        if material.person_id != owner_of(slot, insured_id=person_id, proxy_id=filed_by):
            raise AnswerMissing("有一张照片不是这个人的证件，请回到拍照那一页重拍", field=slot)
    if is_by_proxy and (problems := identity_problems(papers)):
        raise Invalid(problems)
    if not is_by_proxy and any(slot in papers for slot in IDENTITY_SLOTS):
        raise AnswerMissing("给自己办不用传证件照片，请回到上一步再看一下")


async def _keep_signatures(db: Db, filing: Filing, signatures: Sequence[SignedText]) -> None:
    for number, signed in enumerate(signatures, 1):
        await keep(db, person_id=filing.person_id, subject=filing.number, signature_no=number, signed=signed)
