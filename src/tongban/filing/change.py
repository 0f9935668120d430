"""Change a filing: close it and file anew, in one transaction and with one signature."""

from datetime import date, datetime

from tongban.filing import store
from tongban.filing.cancel import actor_of
from tongban.filing.errors import ChangeRefused, FilingNotFound, NothingToChange, SettledHere
from tongban.filing.model import Filing, FilingDetail, FilingStatus
from tongban.filing.steps import CHANGES, FOR_OTHER, FOR_SELF, Step
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import OutsideNumber
from tongban.kernel.vocabulary import FilingKind, Situation
from tongban.law import Decision, FilingAct, FilingChangeQuestion, Pack, Permission, decide_filing_change
from tongban.materials import close as close_papers
from tongban.materials import months_to_keep


def may_change(pack: Pack, filing: Filing, actor_id: int, on: date) -> Decision[Permission]:
    """What the law says of changing; whether the filing stands at all is not asked."""
    is_settled_here = filing.settlements_here > 0
    return decide_filing_change(
        pack,
        FilingChangeQuestion(filing.insured_pool, FilingAct.CHANGE, is_settled_here, actor_of(filing, actor_id), on),
    )


def known_of(
    detail: FilingDetail, *, viewer_id: int, enrollment_no: int | None, today: date
) -> dict[str, dict[str, str]]:
    """What a draft that changes the filing starts with, per step: everything as it stands. A start that has passed
    becomes today; whom it is for, papers and signatures a proxy gives anew."""
    filing = detail.filing
    number = "" if enrollment_no is None else str(enrollment_no)
    is_own = viewer_id == filing.person_id
    start = {"start_choice": "date", "start": max(filing.valid_from, today).isoformat()}
    end = {"end_choice": "date", "end": filing.valid_to.isoformat()} if filing.valid_to else {"end_choice": "long"}
    return {
        CHANGES: {"number": filing.number},
        Step.WHO: {"for": FOR_SELF if is_own else FOR_OTHER, "enrollment": number, "relation": ""},
        Step.PERSON: {"name": "", "id_number": "", "relation": str(filing.relation or "")},
        Step.PROXY: {"enrollment": number, "proxy_tel": detail.proxy_phone},
        Step.PLACE: {"area": filing.treatment_pool, "area_province": ""},
        Step.KIND: {"kind": filing.kind.value},
        Step.NOTICE: {"notice_read": str(detail.answers.get("notice_version", ""))},
        Step.CONTACT: {
            **start,
            **(end if filing.kind.situation is Situation.LONG_TERM else {}),
            "admitted_choice": "no",
            "admitted": "",
            "residence": detail.residence_address,
            "contact": filing.contact_name,
            "tel": detail.contact_phone,
            "addr": detail.contact_address,
        },
    }


async def close_replaced(
    db: Db, pack: Pack, made: Filing, number: OutsideNumber, *, actor_id: int, now: datetime
) -> None:
    """Close the filing that `made` takes the place of, under the row lock that settling and cancelling take.

    Raises FilingNotFound for somebody else's (never told apart from none), NothingToChange when it is closed already,
    SettledHere or ChangeRefused with the law's sentence.
    """
    old = await store.filing(db, number.person_id, number.serial, lock=True)
    if old is None or old.person_id != made.person_id or actor_id not in (old.person_id, old.filed_by):
        raise FilingNotFound("没有找到要改的备案，请从“我办过的事”里打开")
    if old.status is FilingStatus.CLOSED:
        raise NothingToChange("原来的备案已经取消了，不能再改。请重新办一个备案")
    if old.kind is FilingKind.REFERRAL:
        raise ChangeRefused("转诊是医院办的。要换地方，请医院重新转诊")
    decision = may_change(pack, old, actor_id, day_of(now))
    if decision.outcome is not Permission.ALLOWED:
        refused_as = SettledHere if old.settlements_here > 0 else ChangeRefused
        raise refused_as(decision.sentence)
    actor = f"person:{actor_id}"
    await store.close(db, old.person_id, old.filing_serial, now=now, closed_by=actor_id, reason="改备案")
    await store.add_event(
        db,
        old.person_id,
        old.filing_serial,
        at=now,
        what="changed",
        actor=actor,
        channel=made.channel,
        note=f"新的编号 {made.number}",
    )
    await audit.record(
        db,
        now=now,
        actor=actor,
        channel=made.channel,
        action="filing.changed",
        person_id=old.person_id,
        subject=old.number,
        detail={"replaced_by": made.number},
    )
    months = months_to_keep(pack, old.insured_pool, day_of(now))
    await close_papers(db, person_id=old.person_id, subject=old.number, months=months, now=now)
