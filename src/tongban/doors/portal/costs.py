"""My costs: every settlement wherever it was made, and why each came out as it did."""

from datetime import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from tongban.advice import notices
from tongban.directory import institution_names
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.estimate_link import same_question
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.places import phone_of
from tongban.infra.clock import in_china
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import FILING, OutsideNumber, mask_name
from tongban.kernel.money import Fen, yuan
from tongban.kernel.vocabulary import CareKind, Confidence
from tongban.law import Pack
from tongban.people import names_of
from tongban.settlement import LaterChange, SettlementRecord, change_of, explain, get_settlement, settlements_of

_PAGE_LENGTH = 20


@get("/costs", opt={"who": "person"})
async def costs(request: Request, db: RouteDb) -> Response[Any]:
    """Newest first, twenty a page; `before` in the address is the moment of the last one shown."""
    person = current_person(request)
    before = _moment(request.query_params.get("before", ""))
    found = await settlements_of(db, person.person_id, before=before, limit=_PAGE_LENGTH + 1)
    shown = found[:_PAGE_LENGTH]
    names = await institution_names(db, [record.institution_code for record in shown])
    await looked_at(request, db, "settlements.listed", person_id=person.person_id)
    more = ""
    if len(found) > _PAGE_LENGTH and (last := shown[-1].settled_at) is not None:
        more = last.isoformat()
    return page(
        request,
        "costs.html",
        records=shown,
        names={record.institution_code: _institution_zh(names, record) for record in shown},
        period=_period,
        more=more,
        is_later=before is not None,
    )


@get("/costs/{number:str}", opt={"who": "person"})
async def cost(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """One settlement with its working. Raises SettlementNotFound for somebody else's number as for none."""
    person = current_person(request)
    record = await get_settlement(db, person.person_id, number)
    await looked_at(request, db, "settlement.viewed", person_id=person.person_id, subject=number)
    names = await institution_names(db, [record.institution_code])
    filing_number = ""
    if record.filing_serial is not None:
        filing_number = str(OutsideNumber(FILING, record.person_id, record.filing_serial))
    pack: Pack = request.app.state.pack
    explanation = explain(pack, record)
    change = await change_of(db, person.person_id, record.settlement_serial or 0)
    return page(
        request,
        "cost.html",
        record=record,
        hospital=_institution_zh(names, record),
        place=_place(request, record),
        period=_period(record),
        explanation=explanation,
        is_official=explanation.confidence is Confidence.OFFICIAL,
        said=notices(pack, record.insured_pool, [step.conflict for step in explanation.steps]),
        ask=pack.agency(record.insured_pool),
        ask_phone=await phone_of(db, record.insured_pool),
        filing_number=filing_number,
        same_question=same_question(record),
        later=_later(change),
        aided=await _aided(db, record),
        cancelled_on=zh_date(in_china(record.cancelled_at).date()) if record.cancelled_at else "",
    )


async def _aided(db: Db, record: SettlementRecord) -> list[tuple[str, Fen]]:
    """Whose accounts paid, names half hidden: the page may be shown around."""
    names = await names_of(db, [share.giver_id for share in record.mutual_aid]) if record.mutual_aid else {}
    return [(mask_name(names.get(share.giver_id, "家人")), share.paid_fen) for share in record.mutual_aid]


def _later(change: LaterChange | None) -> tuple[str, ...]:
    """What a cancellation before this bill means for it; nothing where the person would pay the same."""
    if change is None or not change.person_share_change_fen:
        return ()
    more_fen = change.person_share_change_fen
    told = (
        "前面有一笔结算后来撤销了，这笔的金额没有变。",
        f"要是当初没有那一笔，您自己会{'多' if more_fen > 0 else '少'}付 {yuan(abs(more_fen))} 元。",
    )
    return told if more_fen > 0 else (*told, "想重新结算，先问医院的医保办。")


def _institution_zh(names: dict[str, str], record: SettlementRecord) -> str:
    """The institution's name; its code where the directory no longer knows it."""
    return names.get(record.institution_code, f"医药机构 {record.institution_code}")


def _place(request: Request, record: SettlementRecord) -> str:
    region = request.app.state.regions.get(record.treatment_pool)
    return region.full_name if region else ""


def _period(record: SettlementRecord) -> str:
    """``2026年3月2日到3月9日`` for a stay, one day for everything else."""
    first, last = record.admitted_on, record.discharged_on
    if record.care_kind is not CareKind.INPATIENT or last is None or last == first:
        return zh_date(first)
    end = zh_date(last)
    return f"{zh_date(first)}到{end.partition('年')[2] if first.year == last.year else end}"


def _moment(text: str) -> datetime | None:
    """A moment from the address; anything else shows the first page."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


route_handlers = [costs, cost]
