"""What became of applications, and what one is recognised for."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import chronic, law, settlement
from tongban.chronic import (
    Application,
    ApplicationState,
    Certification,
    Purpose,
    ValidityBasis,
    application_seen_by,
    applications_of,
    certification_of,
    certifications_of,
    papers_of,
    renewal_problem,
    timeline,
)
from tongban.directory import institution_names
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.chronic.start import begin_for
from tongban.doors.portal.chronic.words import (
    CHANNEL_ZH,
    TAG,
    certification_tag,
    certified_line,
    title_zh,
    validity_zh,
)
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page, today
from tongban.doors.portal.places import phone_of
from tongban.infra.clock import day_of, zh_moment
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import ChronicDisease, Locality, Situation
from tongban.people import enrollments, names_of

_REASON_LENGTH_MAX = 200


@get("/chronic/records", opt={"who": "person"})
async def records(request: Request, db: RouteDb) -> Response[Any]:
    person, day = current_person(request), today(request)
    for_others = request.query_params.get("whose") == "others"
    found = await applications_of(db, person.person_id, "others" if for_others else "self")
    certified = [] if for_others else await certifications_of(db, person.person_id)
    names = await names_of(db, [each.person_id for each in found]) if for_others else {}
    await looked_at(request, db, "chronic.listed", person_id=person.person_id)
    return page(
        request,
        "chronic/records.html",
        for_others=for_others,
        certified=[certified_line(each, day) for each in certified],
        applications=[
            (
                title_zh(each),
                f"/chronic/applications/{each.number}",
                each.state.zh,
                TAG[each.state],
                names.get(each.person_id, ""),
                zh_date(day_of(each.applied_at)),
            )
            for each in found
        ],
    )


# --- one application --------------------------------------------------------------------------------------------------


async def _application(request: Request, db: Db, number: str) -> Application:
    """Raises ApplicationNotFound for one that is not the viewer's to see."""
    found = await application_seen_by(db, current_person(request).person_id, number)
    await looked_at(request, db, "chronic.viewed", person_id=found.person_id, subject=found.number)
    return found


@get("/chronic/applications/{number:str}", opt={"who": "person"})
async def application(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    found, viewer = await _application(request, db, number), current_person(request)
    names = await names_of(db, [found.person_id, found.applied_by])
    hospitals = await institution_names(db, list(found.institutions))
    actors = {f"person:{person_id}": name for person_id, name in names.items()} | {
        f"person:{viewer.person_id}": "您本人"
    }
    line = []
    for event in await timeline(db, found):
        by = f"{actors.get(event.actor, '经办人员')}在{CHANNEL_ZH.get(event.channel, '窗口')}办理"
        line.append((event.what.zh, zh_moment(event.at), "，".join(filter(None, (by, event.note))), True))
    if found.state is ApplicationState.IN_REVIEW:
        due = f"最晚 {zh_date(found.due_on)}" if found.due_on else "要几天没有查到，可以打电话问"
        line.append(("等经办机构审核", "", due, False))
    if found.state is ApplicationState.MATERIALS_DUE:
        line.append(("等您补材料", "", "补好以后，接着审核", False))
    regions = request.app.state.regions
    rows = [
        ("编号", found.number),
        ("参保人", names.get(found.person_id, "")),
        ("办什么", found.purpose.zh),
        ("病种", found.diseases_zh),
        ("医院", "、".join(hospitals.get(code, code) for code in found.institutions) or "没有选"),
        ("医保", f"{found.insurance_type.zh}（{found.category.zh}）"),
        ("参保地", place_zh(regions.get(found.insured_pool), found.insured_pool)),
        ("联系人", found.contact_name),
        ("申请时间", zh_moment(found.applied_at)),
    ]
    certified = []
    if found.state is ApplicationState.RECOGNISED and viewer.person_id == found.person_id:
        certified = [
            (each.wanted.zh, f"/chronic/mine/{each.certification_serial}")
            for each in await certifications_of(db, found.person_id)
            if found.application_serial == each.application_serial
            or found.certification_serial == each.certification_serial
        ]
    return page(
        request,
        "chronic/application.html",
        application=found,
        line=line,
        rows=rows,
        tag=TAG[found.state],
        asked=[kind.zh for kind in found.asked_kinds],
        papers=await papers_of(db, found),
        # Whoever took the pictures for another sees them no more once it is decided.
        may_look=viewer.person_id == found.person_id or not found.state.is_final,
        certified=certified,
        ask=request.app.state.pack.agency(found.insured_pool),
        ask_phone=await phone_of(db, found.insured_pool),
        is_waiting=found.state is ApplicationState.MATERIALS_DUE,
        is_refused=found.state is ApplicationState.REFUSED,
        is_open=not found.state.is_final,
        just_sent=request.query_params.get("sent") == "1",
    )


@get("/chronic/applications/{number:str}/withdraw", opt={"who": "person"})
async def ask_withdraw(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    found = await _application(request, db, number)
    if found.state.is_final:
        return see_other(f"/chronic/applications/{found.number}")
    return _withdraw_page(request, found)


@post("/chronic/applications/{number:str}/withdraw", opt={"who": "person"})
async def withdraw(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    form, found = await read_form(request), await _application(request, db, number)
    try:
        await chronic.withdraw(
            db,
            viewer_id=current_person(request).person_id,
            number=found.number,
            reason=form.get("reason", "")[:_REASON_LENGTH_MAX],
            channel="portal",
            now=request.app.state.clock(),
        )
    except chronic.AlreadyDecided as refusal:
        return _withdraw_page(request, found, problems_of(refusal), status=refusal.status)
    return see_other(f"/chronic/applications/{found.number}")


def _withdraw_page(
    request: Request, found: Application, problems: list[Problem] | None = None, status: int = 200
) -> Response[Any]:
    return page(
        request,
        "chronic/withdraw.html",
        status=status,
        application=found,
        title=title_zh(found),
        problems=problems or [],
    )


# --- one certification ------------------------------------------------------------------------------------------------


@get("/chronic/mine/{serial:int}", opt={"who": "person"})
async def mine(request: Request, db: RouteDb, serial: FromPath[int]) -> Response[Any]:
    """Of the signed-in person only; anybody else's number leads to nothing."""
    return await _mine(request, db, serial)


async def _mine(
    request: Request, db: Db, serial: int, problems: list[Problem] | None = None, status: int = 200
) -> Response[Any]:
    person, day = current_person(request), today(request)
    found, known = await certification_of(db, person.person_id, serial), await certifications_of(db, person.person_id)
    await looked_at(request, db, "chronic.viewed", person_id=person.person_id, subject=found.application_number)
    pack = request.app.state.pack
    word, tag = certification_tag(found, day)
    chosen = found.institutions_on(day)
    hospitals = await institution_names(db, list(chosen))
    rows = [
        ("病种", found.wanted.zh),
        ("有效期", validity_zh(found)),
        ("医保", found.insurance_type.zh),
        ("参保地", place_zh(request.app.state.regions.get(found.insured_pool), found.insured_pool)),
        ("选定的医院", "、".join(hospitals.get(code, code) for code in chosen) or "没有选"),
        ("谁认定的", pack.agency(found.insured_pool)),
        ("申请编号", found.application_number),
    ]
    enrolled = await enrollments(db, person.person_id, day)
    if found.end_reason:
        rows.append(("为什么提前结束", found.end_reason))
    return page(
        request,
        "chronic/mine.html",
        status=status,
        problems=problems or [],
        found=found,
        rows=rows,
        word=word,
        tag=tag,
        is_moved=not any(found.is_under(each.pool_code, each.insurance_type) for each in enrolled),
        limits=await _limits(request, db, found),
        is_open_ended=found.valid_to_basis is ValidityBasis.UNKNOWN,
        elsewhere=_elsewhere(request, found),
        may_change=renewal_problem(Purpose.CHANGE_INSTITUTIONS, found, known, day) is None,
        may_renew=renewal_problem(Purpose.RENEW, found, known, day) is None,
        ask=pack.agency(found.insured_pool),
        ask_phone=await phone_of(db, found.insured_pool),
    )


async def _limits(request: Request, db: Db, found: Certification) -> list[tuple[str, str]]:
    """What the year allows and holds; where no source says, that is said."""
    pack, day = request.app.state.pack, today(request)
    ceiling = pack.value(found.insured_pool, "chronic_ceiling", (found.insurance_type, found.wanted.disease), day)
    rows = []
    if ceiling is None:
        rows.append(("一年最多报", "没有查到"))
    else:
        rows.append(("一年最多报", "没有上限" if ceiling.value == law.NO_LIMIT else f"{yuan(ceiling.value)} 元"))
    held = (await settlement.year_of_diseases(db, found.person_id, day.year, found.insurance_type)).get(
        found.wanted.disease
    )
    rows.append(("今年已经报了", f"{yuan(held.pooled_fen if held else 0)} 元"))
    return rows


def _elsewhere(request: Request, found: Certification) -> tuple[str, str, bool]:
    """What the law says of using it in another province: in one word, its sentence, and whether a filing is needed."""
    decision = law.chronic_settlement(
        request.app.state.pack,
        law.ChronicQuestion(
            found.insured_pool,
            Locality.CROSS_PROVINCE,
            Situation.OWN_CHOICE,
            found.wanted.code,
            is_recognised=True,
            is_filed=False,
            on=today(request),
        ),
    )
    is_listed = found.wanted.disease in tuple(ChronicDisease) and found.wanted.disease is not ChronicDisease.LOCAL
    needs_filing = decision.outcome is law.ChronicSettlement.FILE_FIRST or is_listed
    return decision.outcome.zh, decision.sentence, needs_filing


@post("/chronic/mine/{serial:int}/{purpose:str}", opt={"who": "person"})
async def change(request: Request, db: RouteDb, serial: FromPath[int], purpose: FromPath[str]) -> Response[Any]:
    """Begin a change of institutions or a renewal."""
    person, day = current_person(request), today(request)
    found = await certification_of(db, person.person_id, serial)
    wanted = {"change": Purpose.CHANGE_INSTITUTIONS, "renew": Purpose.RENEW}.get(purpose)
    if wanted is None:
        return see_other(f"/chronic/mine/{serial}")
    refusal: Refusal | None = renewal_problem(wanted, found, await certifications_of(db, person.person_id), day)
    if refusal is None and any(
        each.wanted.key == found.wanted.key
        for open_one in await applications_of(db, person.person_id)
        if not open_one.state.is_final
        for each in open_one.diseases
    ):
        refusal = chronic.AlreadyApplied("这个病已经有一个申请在办，请等结果")
    if refusal is not None:
        return await _mine(request, db, serial, problems_of(refusal), status=refusal.status)
    return see_other(await begin_for(request, db, person.person_id, wanted, serial))


route_handlers = [records, application, ask_withdraw, withdraw, mine, change]
