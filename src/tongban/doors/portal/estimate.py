"""What somebody will pay themselves: one way worked out step by step, the others beside it. No sign-in needed.

Nothing is stored: what was chosen stands in the address (`estimate_link`). Whoever is signed in is computed with their
own insurance and their own year so far, which never appear in it; the link that is meant for sending names the
insurance instead, and opens for a stranger.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from tongban import law
from tongban.advice import (
    Bill,
    Destination,
    Estimate,
    Insured,
    Notice,
    Option,
    YearSoFar,
    estimate,
    notices,
    typical_bill,
)
from tongban.directory import Region, Regions
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal import ways
from tongban.doors.portal.estimate_link import CARES, INSURED, USUAL_CLASS, WAYS, for_anybody
from tongban.doors.portal.filing.words import TRIP
from tongban.doors.portal.forms import Problem
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import page, today
from tongban.doors.portal.places import HOME_PROVINCE, phone_of
from tongban.doors.portal.session import signed_in
from tongban.filing import Filing, list_filings, locality_of
from tongban.infra.db import Db
from tongban.kernel.money import AMOUNT_MAX_FEN, fen_from_yuan, yuan
from tongban.kernel.vocabulary import CareKind, Locality, PriceClass, Situation
from tongban.law import Pack
from tongban.people import Enrollment, PaymentState, enrollments
from tongban.settlement import YearTotals, year_totals

_STAYS = {"0": "没有住过", "1": "住过 1 次", "2": "住过 2 次或更多"}
_FIELDS = (
    "whose",
    "enrollment",
    "insured",
    "pool",
    "trip",
    "care",
    "way",
    "home",
    "there",
    "total",
    "self_funded",
    "preselfpay",
    "stays",
)
_TEXT_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True)
class Own:
    """Whoever is signed in and asks for themselves: the enrollment that counts, and the year so far under it."""

    enrollment: Enrollment
    totals: YearTotals
    filings: tuple[Filing, ...]  # in force today


@get("/compare", opt={"who": "anyone"})
async def compare(request: Request) -> Response[Any]:
    """Where the estimate was before; links that people kept go on working."""
    query = request.scope["query_string"].decode("latin-1")
    return see_other(f"/estimate?{query}" if query else "/estimate")


@get("/estimate", opt={"who": "anyone"})
async def estimator(request: Request, db: RouteDb) -> Response[Any]:
    """The form; with choices in the address the result, worked out for the way they name."""
    typed = {
        name: value for name in _FIELDS if (value := request.query_params.get(name, "").strip()[:_TEXT_LENGTH_MAX])
    }
    known = await _enrollments(request, db) if typed.get("whose") != "other" else []
    chosen = _chosen(known, typed.get("enrollment", ""))
    if "care" not in typed or "change" in request.query_params:
        return _form(request, typed, known, ())
    problems: list[Problem] = []
    own = await _own(request, db, chosen) if chosen is not None else None
    insured = _insured(request.app.state.regions, typed, own, bool(known), problems)
    bill = _bill(request.app.state.pack, typed, insured, today(request), problems)
    if problems or insured is None or bill is None:
        return _form(request, typed, known, problems, status=422)
    phone = await phone_of(db, insured.pool_code)
    return _result(request, typed, insured, own, phone, *bill)


def _form(
    request: Request, typed: dict[str, str], known: list[Enrollment], problems: Any, *, status: int = 200
) -> Response[bytes]:
    regions: Regions = request.app.state.regions
    usual = {
        "care": str(CareKind.INPATIENT),
        "way": str(Situation.OWN_CHOICE),
        "home": str(USUAL_CLASS),
        "there": str(USUAL_CLASS),
    }
    return page(
        request,
        "estimate.html",
        status=status,
        values=usual | typed,
        problems=problems,
        known=[_insurance_line(regions, enrollment) for enrollment in known],
        choices=[(str(e.enrollment_no), _insurance_line(regions, e)) for e in known],
        is_for_other=typed.get("whose") == "other",
        insureds=[(key, zh) for key, (zh, *_) in INSURED.items()],
        pools=[(region.pool_code, region.name) for region in _pools(regions)],
        trips=[(str(where), zh) for where, zh in TRIP.items()],
        cares=list(CARES.items()),
        ways=[(key, zh, more) for key, (zh, more) in WAYS.items()],
        hospitals=[(str(kind), zh) for kind, zh in ways.HOSPITALS.items()],
        stays=list(_STAYS.items()),
    )


def _result(
    request: Request, typed: dict[str, str], insured: Insured, own: Own | None, ask_phone: str, bill: Bill, about: str
) -> Response[bytes]:
    pack: Pack = request.app.state.pack
    regions: Regions = request.app.state.regions
    found = estimate(
        pack,
        regions,
        bill,
        insured,
        Destination(locality=Locality(typed["trip"])),
        home_class=PriceClass(typed["home"]),
        there_class=PriceClass(typed["there"]),
        on=today(request),
    )
    rows = [ways.row(option, bill.care, bill.total_fen) for option in found.options]
    chosen = _option_of(found, typed.get("way", ""))
    shown = ways.row(chosen, bill.care, bill.total_fen)
    region = regions.get(insured.pool_code)
    return page(
        request,
        "estimate_result.html",
        rows=[ways.beside(row, shown) for row in rows],
        bill=bill,
        about=about,
        chosen=shown,
        steps=law.steps(pack, dict(chosen.record)) if chosen.record is not None and chosen.undetermined is None else [],
        said=_conflicts(pack, insured.pool_code, found.options, chosen),
        ask=pack.agency(insured.pool_code),
        ask_phone=ask_phone,
        who_zh=f"{insured.insurance_type.zh} · {region.name if region else insured.pool_code}",
        trip_zh=TRIP[found.locality],
        care_zh=bill.care.zh,
        there_zh=ways.HOSPITALS[PriceClass(typed["home" if chosen.is_home else "there"])],
        home_zh=ways.HOSPITALS[PriceClass(typed["home"])],
        own=own,
        stopped=_stopped(pack, own.enrollment, today(request)) if own is not None else "",
        year_zh=_year_zh(own.totals, bill.care) if own is not None else "",
        filed=_filed(regions, own, found.locality) if own is not None else [],
        has_unofficial=any(not row.is_official for row in rows if row.own_fen is not None),
        is_all_unknown=all(row.own_fen is None for row in rows),
        query=urlencode({name: value for name, value in typed.items() if name != "way"}),
        change_query=urlencode(typed | {"change": "1"}),
        share_url=str(request.base_url).rstrip("/") + for_anybody(typed, insured),
        advice_query=urlencode(
            {
                "trip": typed["trip"],
                "care": typed["care"],
                "why": typed.get("way", "") if not chosen.is_home else "",
                "insurance": str(insured.insurance_type),
            }
        ),
    )


def _option_of(found: Estimate, way: str) -> Option:
    """The way that was asked for; simply going where none was, or one that is none."""
    if way == ways.HOME:
        return found.home
    return found.option_of(Situation(way) if way in WAYS else Situation.OWN_CHOICE)


def _stopped(pack: Pack, enrollment: Enrollment, on: date) -> str:
    """Why the pooled funds pay nothing at present, whatever the way; empty while contributions are paid."""
    if enrollment.payment_state is PaymentState.PAID:
        return ""
    if enrollment.payment_state is PaymentState.STOPPED:
        return "您的医保已经停保，现在看病不能报。续保以后才按下面的数报。"
    paying = law.pooled_benefit_in_arrears(pack, enrollment.pool_code, enrollment.insurance_type, on)
    if isinstance(paying, law.Undetermined):
        return paying.reason
    return "" if paying.value else "您的单位欠着医保费，现在看病统筹不付。补缴以后才按下面的数报。"


def _year_zh(totals: YearTotals, care: CareKind) -> str:
    """What of the year so far went into the numbers; empty where there is nothing."""
    done, fund_fen = f"住过 {totals.inpatient_stays} 次院", totals.inpatient_pooled_fen
    if care is CareKind.OUTPATIENT:
        done, fund_fen = f"看过 {totals.outpatient_visits} 次门诊", totals.outpatient_pooled_fen
    count = totals.outpatient_visits if care is CareKind.OUTPATIENT else totals.inpatient_stays
    return f"今年您{done}，统筹报过 {yuan(fund_fen)} 元。都算进去了。" if count else ""


def _filed(regions: Regions, own: Own, where: Locality) -> list[tuple[str, str]]:
    """The places at that distance for which a filing is in force, with its kind."""
    insured = own.enrollment.pool_code
    found = []
    for filing in own.filings:
        region = regions.get(filing.treatment_pool)
        if region is not None and locality_of(regions, insured, region) is where:
            found.append((region.full_name, filing.kind.zh))
    return found


def _conflicts(pack: Pack, pool_code: str, options: tuple[Option, ...], chosen: Option) -> tuple[Notice, ...]:
    """The contradictions that a way, or a step towards its amount, rests on; those of the chosen way first."""
    in_order = [chosen, *options]
    told = [law.steps(pack, dict(option.record)) for option in in_order if option.record is not None]
    by_step = [step.conflict for steps in told for step in steps]
    by_way = [option.decision.conflict for option in in_order if option.decision is not None]
    return notices(pack, pool_code, by_step + by_way)


# -- who asks ----------------------------------------------------------------------------------------------------------


async def _enrollments(request: Request, db: Db) -> list[Enrollment]:
    """Of whoever is signed in and has agreed to be asked after."""
    person = signed_in(request)
    if person is None or not person.has_consented:
        return []
    return await enrollments(db, person.person_id, today(request))


def _chosen(known: list[Enrollment], number: str) -> Enrollment | None:
    if len(known) == 1:
        return known[0]
    return next((enrollment for enrollment in known if str(enrollment.enrollment_no) == number), None)


async def _own(request: Request, db: Db, enrollment: Enrollment) -> Own:
    """The year so far and the filings in force, with a line in the log: the page shows what they lead to."""
    person_id, day = enrollment.person_id, today(request)
    totals = await year_totals(db, person_id, day.year)
    filings = [f for f in await list_filings(db, viewer_id=person_id) if f.is_in_force(day)]
    await looked_at(request, db, "year.viewed", person_id=person_id)
    return Own(enrollment, totals.get(enrollment.insurance_type, YearTotals()), tuple(filings))


def _pools(regions: Regions) -> list[Region]:
    """Where in the province one can be insured."""
    return regions.of_province(HOME_PROVINCE, can_file_to=False)


def _insurance_line(regions: Regions, enrollment: Enrollment) -> str:
    region = regions.get(enrollment.pool_code)
    kind = f"{enrollment.insurance_type.zh}（{enrollment.category.zh}）"
    return f"{kind} · {region.name if region else enrollment.pool_code}"


# -- what was typed ----------------------------------------------------------------------------------------------------


def _insured(
    regions: Regions, typed: dict[str, str], own: Own | None, is_known: bool, problems: list[Problem]
) -> Insured | None:
    if own is not None:
        year = YearSoFar(*(getattr(own.totals, name) for name in YearSoFar._fields))
        who = own.enrollment
        return Insured(who.pool_code, who.insurance_type, who.category, year)
    if is_known:
        problems.append(Problem("enrollment", "请选按哪份医保算"))
        return None
    if typed.get("insured") not in INSURED:
        problems.append(Problem("insured", "请选参加的是哪种医保"))
    if typed.get("pool") not in {region.pool_code for region in _pools(regions)}:
        problems.append(Problem("pool", "请选在哪个市参保"))
    if problems:
        return None
    _, insurance_type, category = INSURED[typed["insured"]]
    stays = typed.get("stays", "0")
    return Insured(
        typed["pool"],
        insurance_type,
        category,
        YearSoFar(inpatient_stays=int(stays) if stays in _STAYS else 0),
    )


def _bill(
    pack: Pack, typed: dict[str, str], insured: Insured | None, on: date, problems: list[Problem]
) -> tuple[Bill, str] | None:
    """The bill in question, and where it was not typed, words that say which one is spoken of instead."""
    if typed.get("trip") not in TRIP:
        problems.append(Problem("trip", "请选要去哪里看"))
    if typed.get("care") not in CARES:
        problems.append(Problem("care", "请选住院还是门诊"))
    unclear = [name for name in ("home", "there") if typed.get(name) not in ways.HOSPITALS]
    problems += [Problem(name, "请选医院的大小") for name in unclear]
    total_fen = _amount(typed.get("total", ""), "total", "总费用", problems)
    self_funded_fen = _amount(typed.get("self_funded", ""), "self_funded", "不能报的钱", problems) or 0
    preselfpay_fen = _amount(typed.get("preselfpay", ""), "preselfpay", "先自己付的钱", problems) or 0
    if problems or insured is None:
        return None
    about = ""
    care = CareKind(typed["care"])
    if total_fen is None:
        typical = typical_bill(pack, insured.pool_code, insured.insurance_type, care, PriceClass(typed["there"]), on)
        if typical is None:
            problems.append(Problem("total", "请填总费用"))
            return None
        total_fen, about = typical.bill.total_fen, typical.zh
    if self_funded_fen > total_fen:
        problems.append(Problem("self_funded", "不能报的钱比总费用还多，请再看一下"))
    elif self_funded_fen + preselfpay_fen > total_fen:
        problems.append(Problem("preselfpay", "不能报的和先付的加起来，比总费用还多"))
    if problems:
        return None
    return Bill(care, total_fen, self_funded_fen=self_funded_fen, preselfpay_fen=preselfpay_fen), about


def _amount(text: str, field: str, what: str, problems: list[Problem]) -> int | None:
    """Fen from what people type: 38600, 38,600.50, 3.86万, 38600元. None when nothing was typed or it is no amount."""
    plain = re.sub(r"[\s元¥￥]", "", text)
    if not plain:
        return None
    try:
        fen = fen_from_yuan(plain.removesuffix("万")) * (10_000 if plain.endswith("万") else 1)
    except ValueError:
        problems.append(Problem(field, f"{what}“{text[:12]}”看不懂，请只写数字，如 38600"))
        return None
    if not (1 if field == "total" else 0) <= fen <= AMOUNT_MAX_FEN:
        problems.append(Problem(field, f"{what}不能填 {text[:12]}，请再看一下"))
        return None
    return fen


route_handlers = [compare, estimator]
