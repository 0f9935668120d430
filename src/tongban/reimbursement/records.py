"""A claim in the hands of those it belongs to: the patient, and whoever applied for them; nobody else.

They see it, withdraw it while it is not decided, add the pictures that are asked for, and name another card when the
bank gave the money back.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from tongban import drafts
from tongban.drafts import Draft
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid
from tongban.kernel.identifiers import CLAIM, InvalidNumber, parse_outside_number
from tongban.law import Pack
from tongban.materials import (
    Material,
    MaterialNotFound,
    attach,
    close,
    find,
    in_slot,
    months_to_keep,
    of_subject,
)
from tongban.people import names_of
from tongban.reimbursement import rules, store
from tongban.reimbursement.errors import AnswerMissing, ClaimClosed, ClaimNotFound
from tongban.reimbursement.model import BankCard, Claim, ClaimDetail, ClaimState, EventKind
from tongban.reimbursement.read_money import read_card
from tongban.reimbursement.telling import tell
from tongban.settlement import SettlementRecord
from tongban.settlement import find as find_settlement

Whose: TypeAlias = Literal["self", "others"]

_PAPERS_FLOW: Final = "reimbursement_papers"
_CLAIM_STEP: Final = "claim"


async def claims_of(db: Db, viewer_id: int, *, whose: Whose = "self") -> list[Claim]:
    """The viewer's own claims, whoever applied, or those the viewer made for others. Newest first."""
    return await (store.claims_by if whose == "others" else store.claims_of)(db, viewer_id)


async def get_claim(db: Db, vault: Vault, *, viewer_id: int, number: str) -> ClaimDetail:
    """Raises ClaimNotFound for a number that is none, names no claim, or names one that is not the viewer's."""
    person_id, serial = parsed(number)
    found = await store.detail(db, vault, person_id, serial)
    if found is None or viewer_id not in (found.claim.person_id, found.claim.applied_by):
        raise not_found()
    return found


async def settlement_of(db: Db, claim: Claim) -> SettlementRecord | None:
    """What the claim came to; None until it is computed. Who may see it is the caller's to have checked."""
    if claim.settlement_serial is None:
        return None
    return await find_settlement(db, claim.person_id, settlement_serial=claim.settlement_serial)


async def papers_of(db: Db, *, viewer_id: int, claim: Claim, now: datetime) -> list[Material]:
    """What was handed in with the claim, at first and when asked for, as far as the viewer may look at it: their own
    papers always, those of the patient while the claim is not closed."""
    return [
        each
        for each in await of_subject(db, claim.person_id, claim.number)
        if each.person_id == viewer_id or await _may_look(db, viewer_id, each, now)
    ]


async def _may_look(db: Db, viewer_id: int, paper: Material, now: datetime) -> bool:
    try:
        await find(db, viewer_id=viewer_id, number=paper.number, now=now)
    except MaterialNotFound:
        return False
    return True


async def receipt_validity_zh(db: Db, number: str) -> str:
    """What whoever is shown a receipt is told: 有效, or the state that ended the claim; "" for no such number.

    Who asks has been checked by the code on the paper; nothing else of the claim is told.
    """
    claim = await find_claim(db, number)
    if claim is None:
        return ""
    return claim.state.zh if claim.state in (ClaimState.REFUSED, ClaimState.WITHDRAWN) else "有效"


async def withdraw(db: Db, *, viewer_id: int, number: str, channel: str, now: datetime) -> Claim:
    """Take a claim back while it is not decided; its invoices are free again. Twice is once."""
    async with db.transaction():
        claim = await _locked(db, viewer_id, number)
        if claim.state is ClaimState.WITHDRAWN:
            return claim
        if not claim.is_open:
            raise ClaimClosed(f"这份申请{claim.state.zh}，不能再撤回。有疑问请打参保地的电话")
        claim = await store.change(db, claim, state=ClaimState.WITHDRAWN, asked_slots=[])
        await store.free_invoices(db, claim)
        await tell(db, claim, EventKind.WITHDRAWN, actor=f"person:{viewer_id}", channel=channel, now=now)
        await close(db, person_id=claim.person_id, subject=claim.number, now=now)
    return claim


async def papers_draft(db: Db, vault: Vault, *, viewer_id: int, number: str, now: datetime) -> Draft:
    """Where the pictures that are asked for are collected; taken up again until they are handed in.

    Raises ClaimNotFound, ClaimClosed when nothing is asked for.
    """
    claim = (await get_claim(db, vault, viewer_id=viewer_id, number=number)).claim
    _require_asked(claim)
    for draft in await drafts.drafts_of(db, vault, person_id=viewer_id, flow=_PAPERS_FLOW, now=now):
        if draft.value(_CLAIM_STEP, "number") == claim.number:
            return draft
    return await drafts.start(
        db,
        vault,
        person_id=viewer_id,
        flow=_PAPERS_FLOW,
        for_person_id=claim.person_id,
        known={_CLAIM_STEP: {"number": claim.number}},
        now=now,
    )


async def add_papers(
    db: Db, vault: Vault, pack: Pack, *, viewer_id: int, draft_id: UUID, channel: str, now: datetime
) -> Claim:
    """Hand in the pictures that were asked for, from `papers_draft`. Twice is once.

    What was there before stays in the archive. Raises AnswerMissing, naming the slot, while one that was asked for is
    not among them, MaterialNotFound for a picture the viewer may not use, DraftNotFound, ClaimNotFound, ClaimClosed.
    """
    async with drafts.handing_in(db, vault, person_id=viewer_id, draft_id=draft_id, now=now) as draft:
        claim = await _locked(db, viewer_id, draft.outcome or draft.value(_CLAIM_STEP, "number"))
        if draft.outcome:
            return claim
        _require_asked(claim)
        slots, _ = rules.slots_of(pack, claim.insured_pool, is_for_self=claim.is_for_self, on=day_of(now))
        names = {slot.slot: slot.zh for slot in slots}
        for asked in claim.asked_slots:
            if not in_slot(draft.papers, asked):
                raise AnswerMissing(f"还没有{names.get(asked, '要补的材料')}的照片", field=asked)
        wanted = {slot: each for slot, each in draft.papers.items() if slot.partition(".")[0] in claim.asked_slots}
        for each in wanted.values():
            await find(db, viewer_id=viewer_id, number=each, now=now)
        kept = {slot: each for slot, each in claim.papers.items() if slot.partition(".")[0] not in claim.asked_slots}
        claim = await store.change(
            db, claim, state=ClaimState.REVIEWING, asked_slots=[], said="", papers={**kept, **wanted}
        )
        await attach(
            db,
            person_id=claim.person_id,
            numbers=list(dict.fromkeys(wanted.values())),
            subject=claim.number,
            months=months_to_keep(pack, claim.insured_pool, day_of(now)),
            now=now,
        )
        await tell(db, claim, EventKind.ANSWERED, actor=f"person:{viewer_id}", channel=channel, now=now)
        await drafts.finish(db, draft, claim.number, now)
    return claim


def _require_asked(claim: Claim) -> None:
    if claim.state is not ClaimState.PAPERS_DUE:
        raise ClaimClosed(f"这份申请{claim.state.zh}，现在不用补材料")


async def change_card(
    db: Db,
    vault: Vault,
    *,
    viewer_id: int,
    number: str,
    holder: str,
    bank: str,
    card_number: str,
    channel: str,
    now: datetime,
) -> Claim:
    """Another card, after the bank gave the money back. Raises Invalid with every field that is wrong."""
    async with db.transaction():
        claim = await _locked(db, viewer_id, number)
        if claim.state is not ClaimState.RETURNED:
            raise ClaimClosed(f"这份申请{claim.state.zh}，现在不用换银行卡")
        names = await names_of(db, [claim.person_id, claim.applied_by])
        card = read_card(
            {"holder": holder, "bank": bank, "card": card_number},
            patient=names[claim.person_id],
            applicant=names[claim.applied_by],
            is_for_self=claim.is_for_self,
        )
        if not isinstance(card, BankCard):
            raise Invalid(card)
        claim = await store.change_card(db, vault, claim, card)
        await tell(db, claim, EventKind.CARD_CHANGED, actor=f"person:{viewer_id}", channel=channel, now=now)
    return claim


async def find_claim(db: Db, number: str, *, lock: bool = False) -> Claim | None:
    """The claim of this number, whoever asks; None where there is none. `lock` holds it until the transaction ends."""
    try:
        return await store.claim(db, *parsed(number), lock=lock)
    except ClaimNotFound:
        return None


def parsed(number: str) -> tuple[int, int]:
    """The person and the serial a claim's number carries. Raises ClaimNotFound."""
    try:
        outside = parse_outside_number(number, CLAIM)
    except InvalidNumber:
        raise not_found() from None
    return outside.person_id, outside.serial


def not_found() -> ClaimNotFound:
    return ClaimNotFound("没有找到这份报销申请，请从“我的报销”里打开")


async def _locked(db: Db, viewer_id: int, number: str) -> Claim:
    claim = await find_claim(db, number, lock=True)
    if claim is None or viewer_id not in (claim.person_id, claim.applied_by):
        raise not_found()
    return claim
