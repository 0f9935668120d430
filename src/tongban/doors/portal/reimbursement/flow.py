"""The seven steps of a claim: what each page shows, and the declaration that makes a flow of them."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from litestar import Response

from tongban.directory import InstitutionKind, Regions, search_institutions
from tongban.doors.http import Request
from tongban.doors.portal import steps
from tongban.doors.portal.page import page
from tongban.doors.portal.papers import Slot, photo_slots
from tongban.doors.portal.places import HOME_PROVINCE
from tongban.doors.portal.steps import Flow, Kept, Run, Who, review_step, sign_step
from tongban.drafts import Draft
from tongban.infra.db import Db
from tongban.kernel.capitals import capitals
from tongban.kernel.dates import zh_date
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import mask_phone
from tongban.kernel.money import yuan, yuan_plain
from tongban.kernel.vocabulary import Relation
from tongban.law import ClaimCare
from tongban.materials import in_slot, proposal_of
from tongban.people import get_person, kin_by_id, kin_of, match_person, names_of
from tongban.reimbursement import (
    FLOW,
    FOR_OTHER,
    FOR_SELF,
    INVOICE_KEYS,
    INVOICES_MAX,
    KEYS,
    Holder,
    Injury,
    PaperSlot,
    Reading,
    StaySettledAlready,
    Step,
    get_claim,
    read,
    submit_claim,
)

ClaimRun: TypeAlias = Run[Reading]

TITLE: Final = "医疗费报销"
_FOUND_MAX: Final = 12
_PICTURES_MAX: Final = 8
# What a program may have read in the picture of an invoice, by field of the page.
_READ: Final = {"number": "invoice_no", "date": "invoiced_on", "amount": "amount"}
_RELATIONS: Final = tuple(Relation)


# --- what each page shows ---------------------------------------------------------------------------------------------


async def _who_page(run: ClaimRun) -> Mapping[str, Any]:
    values = dict(run.draft.values(Step.WHO))
    if not values.get("phone"):
        person = await get_person(run.db, run.state.vault, run.person.person_id)
        values["phone"] = person.phone
    kin = await kin_of(run.db, run.state.vault, run.person.person_id)
    return {
        "values": values,
        "whom": [
            (FOR_SELF, "给自己", ""),
            *((str(each.kin_id), each.name, f"您的{each.relation_zh}") for each in kin),
            (FOR_OTHER, "给别的家人", "要填姓名和身份证号"),
        ],
        "relations": [(relation.value, relation.zh) for relation in _RELATIONS],
    }


async def keep_who(run: ClaimRun, form: dict[str, str]) -> Kept:
    """Whoever is chosen becomes the one the draft is for; a relative bound before needs nothing typed."""
    whom = form.get("whom", "")
    if whom in ("", FOR_SELF):
        return Kept({**form, "name": "", "id_number": "", "relation": ""}, for_person_id=run.person.person_id)
    try:
        if whom != FOR_OTHER:
            kin = await kin_by_id(run.db, run.state.vault, run.person.person_id, int(whom) if whom.isdecimal() else 0)
            return Kept(
                {**form, "name": kin.name, "id_number": "", "relation": kin.relation.value}, for_person_id=kin.kin_id
            )
        person = await match_person(
            run.db,
            run.state.vault,
            name=form.get("name", ""),
            id_number=form.get("id_number", ""),
            asked_by=run.person.person_id,
            now=run.now,
        )
    except Refusal as refusal:
        return Kept(form, for_person_id=run.person.person_id, problems=[refusal])
    return Kept(form, for_person_id=person.person_id)


async def _hospital_page(run: ClaimRun) -> Mapping[str, Any]:
    regions: Regions = run.state.regions
    values = dict(run.draft.values(Step.HOSPITAL))
    chosen = run.reading.facts.institution
    found = []
    if regions.get(values.get("area", "")) is not None:
        found = await search_institutions(
            run.db, values["area"], values.get("search", ""), limit=_FOUND_MAX + 1, kind=InstitutionKind.HOSPITAL
        )
    own = run.reading.facts.enrollments[0].pool_code if run.reading.facts.enrollments else ""
    if chosen is not None and chosen.institution_code not in {each.institution_code for each in found}:
        found = [chosen, *found]
    return {
        "values": values,
        "areas": [
            (region.pool_code, region.name) for region in regions.of_province(HOME_PROVINCE) if region.pool_code != own
        ],
        "found": [
            (each.institution_code, each.name, each.level_zh if each.hospital_level else "")
            for each in found[:_FOUND_MAX]
        ],
        "has_more": len(found) > _FOUND_MAX,
        "was_asked": bool(values.get("area")),
    }


async def _stay_page(run: ClaimRun) -> Mapping[str, Any]:
    reading = run.reading
    institution = reading.facts.institution
    values = dict(run.draft.values(Step.STAY))
    settled = next((each for each in reading.problems_of(Step.STAY) if isinstance(each, StaySettledAlready)), None)
    return {
        # What a date field shows must be written its way.
        "values": values
        | {
            key: day.isoformat()
            for key, day in (("admitted", reading.admitted_on), ("discharged", reading.discharged_on))
            if day is not None
        },
        "hospital": institution.name if institution else "",
        "cares": [(ClaimCare.INPATIENT.value, "不是"), (ClaimCare.MATERNITY_INPATIENT.value, "是，生孩子")],
        "injuries": [(injury.value, injury.zh) for injury in Injury],
        "insurances": [
            (str(each.enrollment_no), each.insurance_type.zh, _pool_zh(run, each.pool_code))
            for each in reading.facts.enrollments
        ]
        if len(reading.facts.enrollments) > 1
        else [],
        "settled": settled,
        "settled_link": f"/costs/{settled.number}" if settled and reading.is_for_self else "",
    }


def _pool_zh(run: ClaimRun, pool_code: str) -> str:
    region = run.state.regions.get(pool_code)
    return f"{region.name}参保" if region else ""


def slot_of(slot: PaperSlot, *, patient_id: int, applicant_id: int) -> Slot:
    """A place for pictures as the pages of photos want it."""
    return Slot(
        slot.slot,
        slot.kind,
        zh=slot.zh,
        is_needed=slot.is_needed,
        whose=applicant_id if slot.is_proxys else patient_id,
        many=_PICTURES_MAX if slot.is_many else 1,
    )


def _slots(run: ClaimRun) -> list[Slot]:
    return [
        slot_of(slot, patient_id=run.draft.for_person_id, applicant_id=run.person.person_id)
        for slot in run.reading.slots
    ]


async def _photos_page(run: ClaimRun) -> Mapping[str, Any]:
    """What is needed, and folded under it what may be added."""
    shown: dict[bool, list[Slot]] = {True: [], False: []}
    for slot, made in zip(run.reading.slots, _slots(run), strict=True):
        # Where the law asks for no picture at all, they are offered, not hidden.
        shown[slot.is_needed or not slot.is_identity].append(made)
    return {
        "photos": await photo_slots(run.request, run.db, run.draft, shown[True]),
        "extra": await photo_slots(run.request, run.db, run.draft, shown[False]),
        "extra_kept": any(in_slot(run.draft.papers, slot.slot) for slot in shown[False]),
    }


async def _invoices_page(run: ClaimRun) -> Mapping[str, Any]:
    values = dict(run.draft.values(Step.INVOICES))
    pictures = in_slot(run.draft.papers, "invoice")
    wanted = int(values["rows"]) if values.get("rows", "").isdecimal() else 1
    rows = max(_rows_typed(values), min(max(len(pictures), wanted), INVOICES_MAX))
    reading, was_read = run.reading, False
    if not any(values.get(key) for key in INVOICE_KEYS):
        for row, number in enumerate(pictures[:rows], 1):
            proposal = await proposal_of(run.db, run.state.vault, person_id=run.draft.for_person_id, number=number)
            for name, field in _READ.items():
                if proposal is not None and proposal.get(field):
                    values[f"{name}_{row}"], was_read = proposal[field], True
        # With one invoice its amount is the whole, and it is usually written on the day of discharge.
        values["date_1"] = values.get("date_1") or (reading.discharged_on.isoformat() if reading.discharged_on else "")
        if rows == 1 and reading.total_fen is not None:
            values["amount_1"] = values.get("amount_1") or yuan_plain(reading.total_fen)
    return {
        "values": values,
        "rows": rows,
        "more": rows + 1 if rows < INVOICES_MAX else 0,
        "was_read": was_read,
        "pictures": pictures,
        "total_fen": reading.total_fen,
        "change_total": run.change(Step.STAY, "total"),
    }


def _rows_typed(values: Mapping[str, str]) -> int:
    """The last row in which anything is typed."""
    return max(
        (
            row
            for row in range(1, INVOICES_MAX + 1)
            for name in ("number", "date", "amount")
            if values.get(f"{name}_{row}")
        ),
        default=1,
    )


async def keep_invoices(run: ClaimRun, form: dict[str, str]) -> Kept:
    """再加一张 posts in `go` how many rows are wanted."""
    return Kept({**form, "rows": form["go"]} if form.get("go", "").isdecimal() else form)


async def _bank_page(run: ClaimRun) -> Mapping[str, Any]:
    return {"holders": holders(run), "is_for_self": run.reading.is_for_self}


def holders(run: ClaimRun) -> list[tuple[str, str, str]]:
    return holder_options(run.reading.facts.patient.name, run.person.name)


def holder_options(patient: str, applicant: str) -> list[tuple[str, str, str]]:
    return [
        (Holder.PATIENT.value, f"{patient}的卡", "看病的人自己的"),
        (Holder.GUARDIAN.value, f"{applicant}的卡", "您是监护人才能选"),
    ]


async def _review_page(run: ClaimRun) -> Mapping[str, Any]:
    answers = run.reading.answers
    assert answers is not None
    change, facts = run.change, run.reading.facts
    whom = [("看病的人", facts.patient.name, change(Step.WHO, "whom")), ("身份证号", facts.patient.masked_id, "")]
    if answers.relation is not None:
        whom.append(("您是代办人", f"{facts.applicant.name}（{facts.applicant.masked_id}）", ""))
        whom.append(("他（她）是您的", _relation_zh(run), change(Step.WHO, "relation")))
    whom.append(("手机号", mask_phone(answers.phone), change(Step.WHO, "phone")))
    stay = [
        ("医院", answers.institution_name, change(Step.HOSPITAL, "hospital")),
        ("入院", zh_date(answers.admitted_on), change(Step.STAY, "admitted")),
        ("出院", zh_date(answers.discharged_on), change(Step.STAY, "discharged")),
        ("生孩子住院", "是" if answers.care is ClaimCare.MATERNITY_INPATIENT else "不是", change(Step.STAY, "care")),
        ("受伤住院", "是，没有别人的责任" if answers.is_injury else "不是", change(Step.STAY, "injury")),
        ("医保", f"{answers.insurance_type.zh}（{answers.category.zh}）", ""),
    ]
    money = [
        ("总费用", f"{yuan(answers.total_fen)} 元", change(Step.STAY, "total")),
        ("大写", capitals(answers.total_fen), ""),
        *(
            (
                "发票" if len(answers.invoices) == 1 else f"发票 {no}",
                f"{invoice.number}，{zh_date(invoice.issued_on)}，{yuan(invoice.amount_fen)} 元",
                change(Step.INVOICES),
            )
            for no, invoice in enumerate(answers.invoices, 1)
        ),
    ]
    card = [
        ("户名", answers.card.name, change(Step.BANK, "holder" if answers.relation else "bank")),
        ("银行", answers.card.bank, change(Step.BANK, "bank")),
        ("卡号", answers.card.masked, change(Step.BANK, "card")),
    ]
    pictures = [
        (slot.zh, f"{len(shown)} 张", change(Step.PHOTOS, slot.slot))
        for slot in run.reading.slots
        if (shown := in_slot(run.draft.papers, slot.slot))
    ]
    return {
        "cards": [("给谁报", whom), ("这次住院", stay), ("多少钱", money), ("照片", pictures), ("打到哪张卡", card)]
    }


async def whose_zh(db: Db, draft: Draft) -> str:
    """``王大山`` for a draft in another's matter; empty for one's own."""
    if draft.for_person_id == draft.person_id:
        return ""
    return (await names_of(db, [draft.for_person_id])).get(draft.for_person_id, "")


# --- the flow ---------------------------------------------------------------------------------------------------------


async def _read(request: Request, db: Db, draft: Draft) -> Reading:
    state = request.app.state
    return await read(db, state.vault, state.pack, state.regions, draft, now=state.clock())


def _who(run: ClaimRun) -> Who | None:
    reading = run.reading
    if reading.is_for_self:
        return Who(run.person.name, _line(run), edit=run.url(Step.WHO)) if run.draft.is_submitted(Step.WHO) else None
    return Who(reading.facts.patient.name, _line(run), _relation_zh(run), is_self=False, edit=run.url(Step.WHO))


def _relation_zh(run: ClaimRun) -> str:
    relation = run.reading.relation
    return relation.said_of(is_male=run.reading.facts.patient.is_male) if relation else ""


def _line(run: ClaimRun) -> str:
    enrollment = run.reading.enrollment
    if enrollment is None:
        return ""
    return f"{enrollment.insurance_type.zh} · {enrollment.category.zh} · {_pool_zh(run, enrollment.pool_code)}"


def _about(run: ClaimRun) -> str:
    return run.reading.facts.institution.name if run.reading.facts.institution else ""


async def _submit(run: ClaimRun) -> None:
    await submit_claim(
        run.db,
        run.state.vault,
        run.state.pack,
        run.state.regions,
        person_id=run.person.person_id,
        draft_id=run.draft.draft_id,
        channel="portal",
        now=run.now,
    )


async def _done(run: ClaimRun) -> Response[Any]:
    detail = await get_claim(run.db, run.state.vault, viewer_id=run.person.person_id, number=run.draft.outcome)
    return page(
        run.request,
        "reimbursement/done.html",
        claim=detail.claim,
        days=detail.decision.get("days", {}),
        whose=run.reading.facts.patient.name if not detail.claim.is_for_self else "",
    )


CLAIM: Flow[Reading] = Flow(
    slug="reimbursement",
    name=FLOW,
    title=TITLE,
    start_url="/reimbursement",
    read=_read,
    submit=_submit,
    done=_done,
    who=_who,
    about=_about,
    steps=(
        steps.Step(Step.WHO, Step.WHO.zh, 1, KEYS[Step.WHO], _who_page, before_save=keep_who),
        steps.Step(Step.HOSPITAL, Step.HOSPITAL.zh, 2, KEYS[Step.HOSPITAL], _hospital_page, go_anchor="found"),
        steps.Step(Step.STAY, Step.STAY.zh, 2, KEYS[Step.STAY], _stay_page),
        steps.Step(
            Step.PHOTOS, Step.PHOTOS.zh, 3, KEYS[Step.PHOTOS], _photos_page, before_save=steps.keep_again(_slots)
        ),
        steps.Step(
            Step.INVOICES,
            Step.INVOICES.zh,
            4,
            KEYS[Step.INVOICES],
            _invoices_page,
            before_save=keep_invoices,
            go_anchor="more",
        ),
        steps.Step(Step.BANK, Step.BANK.zh, 5, KEYS[Step.BANK], _bank_page),
        review_step(6, _review_page, template="reimbursement/review.html"),
        sign_step(7, lambda run: run.reading.commitment),
    ),
)

route_handlers = steps.routes(CLAIM)
