"""What the typed answers of a draft amount to, and handing it in. Every reading starts afresh from the records."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from tongban import drafts
from tongban.directory import Regions
from tongban.drafts import Draft
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.identifiers import GRANT, parse_outside_number
from tongban.kernel.money import Fen, fen_from_yuan
from tongban.law import Pack
from tongban.mutual_aid import store
from tongban.mutual_aid.authorise import open_grant
from tongban.mutual_aid.errors import GiverRefused, LimitRefused, ReceiverRefused
from tongban.mutual_aid.holding import not_found
from tongban.mutual_aid.model import Giving, Grant
from tongban.mutual_aid.wish import Wish, check_wish, giving_of, receiver_pools
from tongban.people import Enrollment, Kin, get_person, kin_of
from tongban.signing import Commitment, Signature, answers_hash, read_confirmed, read_signature

FLOW: Final = "mutual_aid"
# The steps, in page order.
WHO, AMOUNT, REVIEW, SIGN = "who", "amount", "review", "sign"
NEW: Final = "new"
"""In place of a relative: somebody who is not bound yet."""
_AMOUNT_FIELDS = frozenset({"limit", "receiver_pool"})


@dataclass
class Reading:
    """What is known so far; None: not yet, or not validly, answered. `problems` are in page order per step."""

    kin: list[Kin]
    signer_name: str
    giving: Giving | None = None
    receiver: Kin | None = None
    pools: list[Enrollment] = field(default_factory=list)
    limit_fen: Fen | None = None
    wish: Wish | None = None
    answers_hash: bytes | None = None
    signature: Signature | None = None
    problems: dict[str, list[Refusal]] = field(default_factory=dict)

    def problems_of(self, step: str) -> list[Refusal]:
        return self.problems.get(step, [])

    @property
    def commitment(self) -> Commitment | None:
        return self.wish.commitment if self.wish else None


async def read(db: Db, vault: Vault, pack: Pack, regions: Regions, draft: Draft, *, now: datetime) -> Reading:
    """All steps in order; a step that rests on an unanswered one has a problem too."""
    giver_id = draft.person_id
    signer = await get_person(db, vault, giver_id)
    reading = Reading(await kin_of(db, vault, giver_id), signer.name)
    try:
        reading.giving = await giving_of(db, pack, giver_id, now=now)
    except Refusal as refusal:
        reading.problems[WHO] = [GiverRefused(refusal.sentence, field="receiver")]
    chosen = draft.value(WHO, "receiver")
    reading.receiver = next((kin for kin in reading.kin if str(kin.kin_id) == chosen), None)
    if reading.receiver is None:
        reading.problems.setdefault(WHO, []).append(_receiver_missing(draft))
    else:
        reading.pools = await receiver_pools(db, reading.receiver.kin_id, now=now)
    await _read_amount(db, vault, pack, regions, draft, reading, now)
    if reading.wish is not None and not reading.problems:
        reading.answers_hash = answers_hash(reading.wish.commitment, reading.wish.answers)
    if found := read_confirmed(draft.values(REVIEW), reading.answers_hash):
        reading.problems[REVIEW] = found
    reading.signature, found = read_signature(draft.values(SIGN), reading.answers_hash, signer.name)
    if found:
        reading.problems[SIGN] = found
    return reading


def _receiver_missing(draft: Draft) -> ReceiverRefused:
    """Somebody new is found when the page is posted; here it only shows that nobody was."""
    if draft.value(WHO, "receiver") != NEW:
        return ReceiverRefused("请选给谁用", field="receiver")
    empty = next((name for name in ("name", "id_number", "relation") if not draft.value(WHO, name)), "id_number")
    return ReceiverRefused("这位家人还没有核对上，请再填一次", field=empty)


async def _read_amount(
    db: Db, vault: Vault, pack: Pack, regions: Regions, draft: Draft, reading: Reading, now: datetime
) -> None:
    problems: list[Refusal] = []
    try:
        reading.limit_fen = read_limit(draft.value(AMOUNT, "limit"))
    except LimitRefused as refusal:
        problems.append(refusal)
    if reading.receiver is None or WHO in reading.problems:
        reading.problems[AMOUNT] = problems or [LimitRefused("请先选给谁用", field="limit")]
        return
    try:
        # Without an amount one fen stands in for it, so that what is wrong with the relative is said on that page.
        wish = await check_wish(
            db,
            vault,
            pack,
            regions,
            giver_id=draft.person_id,
            receiver_id=reading.receiver.kin_id,
            receiver_pool=draft.value(AMOUNT, "receiver_pool"),
            limit_fen=1 if reading.limit_fen is None else reading.limit_fen,
            now=now,
        )
    except Refusal as refusal:
        step = AMOUNT if refusal.field in _AMOUNT_FIELDS else WHO
        if step == WHO:
            reading.problems[WHO] = [refusal]
        elif refusal.field != "limit" or not problems:
            problems.append(refusal)
    else:
        reading.wish = wish if reading.limit_fen is not None else None
    if problems:
        reading.problems[AMOUNT] = problems


def read_limit(text: str) -> Fen:
    """An amount as typed, in yuan. Raises LimitRefused."""
    if not text.strip():
        raise LimitRefused("请填最多能用多少元", field="limit")
    try:
        return fen_from_yuan(text.strip().removesuffix("元"))
    except ValueError:
        raise LimitRefused(f"金额要写成数字，比如 500 或 500.50，您写的是“{text[:20]}”", field="limit") from None


async def submit_draft(
    db: Db,
    vault: Vault,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    draft_id: UUID,
    channel: str,
    now: datetime,
) -> Grant:
    """Open the one authorisation that comes out of a draft; handing it in again gives the same one.

    Raises DraftNotFound, Invalid with the problems of the first step that has any, and all `open_grant` raises.
    """
    async with drafts.handing_in(db, vault, person_id=person_id, draft_id=draft_id, now=now) as draft:
        if draft.outcome:
            number = parse_outside_number(draft.outcome, GRANT)
            known = await store.grant(db, number.person_id, number.serial)
            if known is None:
                raise not_found()
            return known
        reading = await read(db, vault, pack, regions, draft, now=now)
        if reading.wish is None or reading.signature is None:
            raise Invalid(next(found for step in (WHO, AMOUNT, REVIEW, SIGN) if (found := reading.problems_of(step))))
        grant = await open_grant(
            db,
            vault,
            pack,
            regions,
            giver_id=person_id,
            receiver_id=reading.wish.kin.kin_id,
            receiver_pool=reading.wish.receiver_pool,
            limit_fen=reading.wish.limit_fen,
            signature=reading.signature,
            submit_token=draft.submit_token,
            channel=channel,
            now=now,
        )
        await drafts.finish(db, draft, grant.number, now)
    return grant
