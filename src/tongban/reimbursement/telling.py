"""Writing down a step of a claim: into its timeline, into the audit log, and to whom it matters."""

from datetime import datetime
from typing import Final

from tongban.infra import audit
from tongban.infra.db import Db
from tongban.kernel.money import yuan
from tongban.notices import NoticeKind, post
from tongban.reimbursement import store
from tongban.reimbursement.model import Claim, EventKind

# Of which steps the note is a sentence to the person, the agency's or the bank's.
SAID: Final = frozenset({EventKind.ASKED, EventKind.REFUSED, EventKind.TAKEN_BACK, EventKind.RETURNED})

# What a person is told; `{said}` is that sentence, `{payout}` the amount, `{card}` the card's last digits.
_BODIES = {
    EventKind.SUBMITTED: "报销申请已经提交，受理号 {number}。有进展会告诉您。",
    EventKind.ACCEPTED: "报销申请已经受理，正在审核。",
    EventKind.ASKED: "报销申请要补材料：{said}",
    EventKind.ANSWERED: "补的材料收到了，接着审核。",
    EventKind.REFUSED: "报销申请没有通过：{said}",
    EventKind.COMPUTED: "报销算好了，能报 {payout} 元，打到尾号 {card} 的银行卡。",
    EventKind.TAKEN_BACK: "报销要重新核算：{said}算好会再告诉您。",
    EventKind.PAID: "报销的 {payout} 元已经打到尾号 {card} 的银行卡。",
    EventKind.RETURNED: "银行把报销的钱退回来了：{said}请换一张银行卡。",
    EventKind.CARD_CHANGED: "收钱的银行卡换成了尾号 {card} 的卡。",
    EventKind.WITHDRAWN: "报销申请已经撤回。",
}
_NOTHING = "报销算好了，这次没有能报的钱。可以点开看为什么。"


def link_of(claim: Claim) -> str:
    return f"/reimbursement/records/{claim.number}"


async def tell(
    db: Db, claim: Claim, what: EventKind, *, actor: str, channel: str, now: datetime, note: str = ""
) -> None:
    """Inside the transaction of the change; the caller holds the claim's row.

    The patient and whoever applied for them are told alike, so that nobody acts for somebody behind their back.
    """
    number = await store.add_event(db, claim, what, actor=actor, channel=channel, now=now, note=note)
    await audit.record(
        db,
        now=now,
        actor=actor,
        channel=channel,
        action=f"claim.{what.value}",
        person_id=claim.person_id,
        subject=claim.number,
    )
    if what not in _BODIES:
        return
    payout = claim.payout_fen or 0
    words = _NOTHING if what is EventKind.COMPUTED and payout == 0 else _BODIES[what]
    body = words.format(number=claim.number, said=note, payout=yuan(payout), card=claim.card_tail)
    for person_id in dict.fromkeys((claim.person_id, claim.applied_by)):
        await post(
            db,
            person_id=person_id,
            kind=NoticeKind.CLAIM,
            subject=claim.number,
            title=f"医疗费报销：{what.zh}",
            body=body,
            link=link_of(claim),
            now=now,
            once=f"claim.{what.value} {claim.number} {number}",
        )
