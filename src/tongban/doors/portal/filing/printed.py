"""Papers of a filing: the receipt to keep and to show, and the form that windows, phones and faxes use."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from tongban.directory import agency_phones
from tongban.doors.http import Request, RouteDb
from tongban.doors.portal.filing.words import place_zh, scopes_zh, until_zh
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, today
from tongban.doors.portal.proofs import FOLDER, Form, Paper, paper_answer, printed, proof_answer, signature_of
from tongban.filing import FilingDetail, get_filing, is_long_term
from tongban.infra.clock import in_china, zh_moment
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import FilingKind
from tongban.materials import KEEP_MONTHS_MIN
from tongban.people import Person, get_person

_FIELDS = (
    *("number", "name", "sex", "id_number", "phone", "insurance", "insured_place", "province", "city", "residence"),
    *("dates", "signature", "signed_name", "signed_on", "agency", "agency_phone", "note"),
)
_PROMISES = (
    "上面填的都是真的，材料也是真的。有变化会马上说。",
    "填得不真实的，报的钱要退回，还要承担责任。",
    "去看病要带医保码或社会保障卡，到能直接结算的医院。",
)


@get("/filing/records/{number:str}/proof", opt={"who": "person"})
async def proof_page(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    """The picture to keep by pressing long, which is how it is done inside WeChat, and the PDF."""
    detail = await _detail(request, db, number)
    return proof_answer(request, "备案回执", f"/filing/records/{detail.filing.number}", "回到这个备案")


@get("/filing/records/{number:str}/proof.pdf", opt={"who": "person"})
async def proof_pdf(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _proof(request, db, number, "pdf")


@get("/filing/records/{number:str}/proof.png", opt={"who": "person"})
async def proof_png(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    return await _proof(request, db, number, "png")


async def _proof(request: Request, db: Db, number: str, form: Form) -> Response[bytes]:
    detail = await _detail(request, db, number)
    filing, regions, day = detail.filing, request.app.state.regions, today(request)
    insured = await get_person(db, request.app.state.vault, filing.person_id)
    paper = Paper(
        title="异地就医备案回执",
        number=filing.number,
        status=filing.status_zh(day),
        is_good=filing.is_in_force(day) or day < filing.valid_from,
        rows=[
            ("参保人", insured.name),
            ("证件号码", insured.masked_id),
            ("医保", f"{filing.insurance_type.zh}（{filing.category.zh}）"),
            ("参保地", place_zh(regions.get(filing.insured_pool), filing.insured_pool)),
            ("就医地", place_zh(regions.get(filing.treatment_pool), filing.treatment_pool)),
            ("备案类型", filing.kind.zh),
            ("管哪些", scopes_zh(filing.scopes)),
            ("起止日期", f"{zh_date(filing.valid_from)} 起，{until_zh(filing.valid_to, filing.stays_max)}"),
            ("办理方式", filing.way.zh),
            ("办理时间", zh_moment(filing.filed_at)),
        ],
        notes=[
            f"状态是 {zh_date(day)} 查到的。以后有没有变，扫码看。",
            "看病时用医保码或社会保障卡，不用交这张回执。",
        ],
        signatures=[signature_of(one, zh_moment(one.signed_at)) for one in detail.signatures],
    )
    return await paper_answer(request, paper, form)


@get("/filing/form.pdf", opt={"who": "anyone"})
async def blank_form(request: Request) -> Response[Any]:
    """To print, fill in by hand, and bring or fax."""
    return await printed(FOLDER / "form.typ", _form(), {}, "pdf", "异地就医备案登记表")


@get("/filing/records/{number:str}/form.pdf", opt={"who": "person"})
async def filled_form(request: Request, db: RouteDb, number: FromPath[str]) -> Response[Any]:
    detail = await _detail(request, db, number)
    filing, regions = detail.filing, request.app.state.regions
    insured = await get_person(db, request.app.state.vault, filing.person_id)
    signed = detail.signed
    place, home = regions.get(filing.treatment_pool), regions.get(filing.insured_pool)
    phones = await agency_phones(db, filing.insured_pool)
    data = _form(
        kind=filing.kind,
        number=filing.number,
        name=insured.name,
        sex="male" if insured.is_male else "female",
        id_number=_id_number(insured, current_person(request).person_id),
        phone=detail.contact_phone,
        insurance=filing.insurance_type.value,
        insured_place=place_zh(home, filing.insured_pool),
        province=place.province_name if place else "",
        city=place.name if place and place.name != place.province_name else "",
        residence=detail.residence_address,
        dates=f"{zh_date(filing.valid_from)} 起，{until_zh(filing.valid_to, filing.stays_max)}",
        signature="signature" if signed and signed.picture_png else "",
        signed_name=signed.signer_name if signed else "",
        signed_on=zh_date(in_china(signed.signed_at).date()) if signed else "",
        agency=phones[0].line_name if phones else "",
        agency_phone=phones[0].phone if phones else "",
        note=f"网上办的备案，{zh_moment(filing.filed_at)} 办好。这张表按当时填的内容打印。",
    )
    pictures = {"signature": signed.picture_png} if signed and signed.picture_png else {}
    return await printed(FOLDER / "form.typ", data, pictures, "pdf", f"异地就医备案登记表-{filing.number}")


def _form(kind: FilingKind | None = None, **filled: str) -> dict[str, Any]:
    """All fields of the form, empty unless given."""
    return {
        **dict.fromkeys(_FIELDS, ""),
        **filled,
        "long_term": [[k.zh, k is kind] for k in FilingKind if is_long_term(k)],
        "temporary": [[k.zh, k is kind] for k in FilingKind if not is_long_term(k)],
        "promises": list(_PROMISES),
        "keep_years": KEEP_MONTHS_MIN // 12,
    }


def _id_number(insured: Person, viewer_id: int) -> str:
    """In full for its owner alone; whoever files for another writes it in by hand."""
    return insured.id_number if viewer_id == insured.person_id else ""


async def _detail(request: Request, db: Db, number: str) -> FilingDetail:
    """Raises FilingNotFound for a filing that is not the viewer's to see."""
    viewer = current_person(request).person_id
    detail = await get_filing(db, request.app.state.vault, viewer_id=viewer, number=number)
    await looked_at(request, db, "filing.printed", person_id=detail.filing.person_id, subject=detail.filing.number)
    return detail


route_handlers = [proof_page, proof_pdf, proof_png, blank_form, filled_form]
