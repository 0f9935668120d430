"""消息: what the person was told, newest first. Opening one leads to what it is about, and it counts as read."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban.doors.http import Request, RouteDb, local_path, see_other
from tongban.doors.portal.forms import read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.clock import in_china
from tongban.kernel.dates import zh_date
from tongban.notices import (
    NoticeNotFound,
    allow_wechat,
    inbox,
    mark_all_read,
    mark_read,
    stop_wechat,
    unread,
    wechat_of,
)

_PAGE_LENGTH = 20


@get("/inbox", opt={"who": "person"})
async def notices(request: Request, db: RouteDb) -> Response[Any]:
    """Twenty a page; `before` in the address is the number of the last one shown."""
    person = current_person(request)
    before = _number(request.query_params.get("before", ""))
    found = await inbox(db, person.person_id, before=before, limit=_PAGE_LENGTH + 1)
    shown = found[:_PAGE_LENGTH]
    await looked_at(request, db, "notices.listed", person_id=person.person_id)
    return page(
        request,
        "inbox.html",
        notices=[(notice, _when(request, notice.created_at)) for notice in shown],
        unread_total=await unread(db, person.person_id),
        newest=shown[0].notice_no if shown else 0,
        more=shown[-1].notice_no if len(found) > _PAGE_LENGTH else None,
        is_later=before is not None,
        wechat=(await wechat_of(db, person.person_id)).value,
        was_allowed=request.query_params.get("wechat") == "next",
    )


@get("/inbox/{number:str}", opt={"who": "person"})
async def open_notice(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """On to what it is about; one that leads nowhere has said everything in the list."""
    person = current_person(request)
    if (notice_no := _number(number)) is None:
        raise NoticeNotFound("没有找到这条消息，请从“消息”里打开")
    notice = await mark_read(db, person_id=person.person_id, notice_no=notice_no, now=request.app.state.clock())
    await looked_at(request, db, "notice.opened", person_id=person.person_id, subject=notice.subject)
    return see_other(local_path(notice.link, "/inbox"))


@post("/inbox/read", opt={"who": "person"})
async def read_all(request: Request, db: RouteDb) -> Response[Any]:
    """Everything up to the newest one that the page showed."""
    form = await read_form(request)
    if (up_to := _number(form.get("up_to", ""))) is not None:
        person_id = current_person(request).person_id
        await mark_all_read(db, person_id=person_id, up_to=up_to, now=request.app.state.clock())
    return see_other("/inbox")


@post("/inbox/wechat", opt={"who": "person"})
async def wechat(request: Request, db: RouteDb) -> Response[Any]:
    """No messages to WeChat any more, or again from the next sign-in on."""
    person_id, now = current_person(request).person_id, request.app.state.clock()
    match (await read_form(request)).get("send", ""):
        case "no":
            await stop_wechat(db, person_id=person_id, now=now)
        case "yes":
            await allow_wechat(db, person_id=person_id, now=now)
            return see_other("/inbox?wechat=next")
    return see_other("/inbox")


def _number(text: str) -> int | None:
    """A notice's number from an address or a form; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _when(request: Request, at: Any) -> str:
    """今天 10:00, and the date for everything older."""
    moment, now = in_china(at), in_china(request.app.state.clock())
    if moment.date() == now.date():
        return f"今天 {moment:%H:%M}"
    day = zh_date(moment.date())
    return f"{day.partition('年')[2] if moment.year == now.year else day} {moment:%H:%M}"


route_handlers = [notices, open_notice, read_all, wechat]
