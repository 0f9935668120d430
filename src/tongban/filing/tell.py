"""What the persons concerned are told, at every change of a filing, inside its transaction."""

from datetime import datetime

from tongban.filing.model import Filing
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.notices import NoticeKind, post
from tongban.people import names_of


async def tell_opened(db: Db, filing: Filing, place: str, *, now: datetime) -> None:
    """The insured person, and the proxy who made it."""
    since = f"{zh_date(filing.valid_from)}起生效"
    if not filing.is_by_proxy:
        title = "备案改好了" if filing.replaces_serial else "备案办好了"
        await _tell(db, filing.person_id, filing, "opened", title, f"去{place}看病的备案，{since}。", now)
        return
    names = await names_of(db, [filing.person_id, filing.filed_by])
    insured, proxy = names.get(filing.person_id, ""), names.get(filing.filed_by, "")
    done = "改了" if filing.replaces_serial else "办了"
    told = f"{proxy}替您{done}去{place}看病的备案，{since}。不是您同意的，点开就能取消。"
    await _tell(db, filing.person_id, filing, "opened", f"{proxy}替您{done}备案", told, now)
    told = f"您替{insured}{done}去{place}看病的备案，{since}。我们也告诉了{insured}。"
    await _tell(db, filing.filed_by, filing, "opened", f"替{insured}{done}备案", told, now)


async def tell_referred(db: Db, filing: Filing, place: str, hospital: str, *, now: datetime) -> None:
    told = f"{hospital}给您办了去{place}的转诊，{zh_date(filing.valid_from)}起生效。"
    await _tell(db, filing.person_id, filing, "opened", "转诊办好了", told, now)


async def tell_closed(db: Db, filing: Filing, actor_id: int, *, now: datetime) -> None:
    """The insured person, and the proxy who made it; each is told who cancelled."""
    names = await names_of(db, [actor_id, filing.person_id])
    for person_id in {filing.person_id, filing.filed_by}:
        who = "您" if person_id == actor_id else names.get(actor_id, "")
        whose = "" if person_id == filing.person_id else f"{names.get(filing.person_id, '')}的"
        told = f"{who}取消了{whose}异地就医备案。编号 {filing.number}。"
        await _tell(db, person_id, filing, "closed", "备案取消了", told, now)


async def _tell(db: Db, person_id: int, filing: Filing, what: str, title: str, body: str, now: datetime) -> None:
    await post(
        db,
        person_id=person_id,
        kind=NoticeKind.FILING,
        subject=filing.number,
        title=title,
        body=body,
        link=f"/filing/records/{filing.number}",
        now=now,
        once=f"filing.{what} {filing.number}",
    )
