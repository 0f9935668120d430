"""The steps of an application: what each page shows, and the declaration that makes a flow of them."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from litestar import Response

from tongban import law
from tongban.chronic import FLOW, Purpose, Reading, application_seen_by, codes_in, read, submit_draft
from tongban.directory import Regions, institution, search_institutions
from tongban.doors.http import Request
from tongban.doors.portal import papers, steps
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.page import page
from tongban.doors.portal.papers import Slot
from tongban.doors.portal.places import phone_of, place_meant
from tongban.doors.portal.steps import Flow, Kept, Run, Step, Who, review_step, sign_step
from tongban.drafts import Draft
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind
from tongban.materials import MaterialKind, in_slot, kind_of_code
from tongban.people import get_person

ChronicRun: TypeAlias = Run[Reading]

_DISEASE, _INSTITUTION = "disease-", "institution-"
_HOSPITALS_SHOWN: Final = 10
_PICTURES_MAX: Final = 5
_QUERY_LENGTH_MAX: Final = 40


def _purpose(draft: Draft) -> str:
    return draft.value("start", "purpose")


def _is_new(draft: Draft) -> bool:
    return _purpose(draft) in ("", Purpose.RECOGNISE)


# --- what each page shows ---------------------------------------------------------------------------------------------


async def _enrollment_page(run: ChronicRun) -> dict[str, Any]:
    regions: Regions = run.state.regions
    return {
        "options": [
            (
                str(each.enrollment_no),
                f"{each.insurance_type.zh}（{each.category.zh}）",
                f"{place_zh(regions.get(each.pool_code), each.pool_code)}参保",
            )
            for each in run.reading.facts.enrollments
        ]
    }


async def _disease_page(run: ChronicRun) -> dict[str, Any]:
    choices = run.reading.choices
    assert choices is not None
    chosen = set(codes_in(run.draft.value("disease", "diseases")))
    return {
        "listed": choices.listed,
        "schemes": choices.schemes,
        "local_options": [(each.code, each.zh) for each in choices.local],
        "chosen": chosen,
        "local_chosen": next((each.code for each in choices.local if each.code in chosen), ""),
        "ask": _agency(run),
    }


async def _keep_disease(run: ChronicRun, form: dict[str, str]) -> Kept:
    """The ticked codes as one value; of the other diseases one may be chosen from the list."""
    ticked = [name.removeprefix(_DISEASE) for name in form if name.startswith(_DISEASE)]
    return Kept({"diseases": " ".join(dict.fromkeys([*ticked, *filter(None, [form.get("local", "")])]))})


async def _institutions_page(run: ChronicRun) -> dict[str, Any]:
    """What was chosen, and the hospitals of a place by name: of the insured place unless another is typed."""
    pool, values = _pool(run), run.draft.values("institutions")
    asked, typed = (values.get(key, "")[:_QUERY_LENGTH_MAX] for key in ("q", "place"))
    chosen = codes_in(values.get("institutions", "") or _before(run))
    area, several = place_meant(run.state.regions, typed, "" if typed else pool)
    found = []
    if area is not None:
        found = await search_institutions(run.db, area.pool_code, asked, CareKind.CHRONIC, _HOSPITALS_SHOWN)
    kept = [each for code in chosen if (each := await institution(run.db, code)) is not None]
    limit = law.recognition_institutions_max(run.reading.facts.pack, pool, run.today)
    is_known = not isinstance(limit, law.Undetermined) and limit.value != law.NO_LIMIT
    return {
        "kept": kept,
        "found": [each for each in found if each.institution_code not in chosen],
        "asked": {"q": asked, "place": typed or (area.name if area else "")},
        "area": area,
        "several": [region.name for region in several],
        "limit": limit.value if is_known and not isinstance(limit, law.Undetermined) else None,
        "is_unknown": isinstance(limit, law.Undetermined),
        "is_demo_data": any(each.connection_source == "demo" for each in (*kept, *found)),
        "ask": _agency(run),
    }


def _before(run: ChronicRun) -> str:
    """A change or renewal begins with the institutions that count now."""
    known = run.reading.certification
    if known is None or run.draft.is_submitted("institutions"):
        return ""
    return " ".join(known.institutions_on(run.today) or known.institutions_on(known.valid_from))


async def _keep_institutions(run: ChronicRun, form: dict[str, str]) -> Kept:
    ticked = [name.removeprefix(_INSTITUTION) for name in form if name.startswith(_INSTITUTION)]
    return Kept({"institutions": " ".join(ticked), "place": form.get("place", ""), "q": form.get("q", "")})


def _slots(run: ChronicRun) -> list[Slot]:
    asked = run.reading.papers
    if asked is None:
        return []
    return [
        Slot(
            paper.value,
            _kind_of(paper),
            zh=paper.zh,
            is_needed=asked.undetermined is None,
            many=_PICTURES_MAX,
        )
        for paper in asked.papers
    ]


def _kind_of(paper: law.Paper) -> MaterialKind:
    """Of an identity paper the ID card, which every matter asks for, so that one of an earlier matter serves again."""
    return MaterialKind.ID_CARD_FRONT if paper is law.Paper.INSURED_IDENTITY else kind_of_code(paper.value)


async def _photos_page(run: ChronicRun) -> dict[str, Any]:
    asked = run.reading.papers
    assert asked is not None
    photos = await papers.photo_slots(run.request, run.db, run.draft, _slots(run))
    told = {"problems": photos.problems} if photos.problems else {}
    return {"photos": photos, "undetermined": asked.undetermined, "ask": _agency(run), **told}


async def _contact_page(run: ChronicRun) -> dict[str, Any]:
    values = dict(run.draft.values("contact"))
    if not values:
        person = await get_person(run.db, run.state.vault, run.draft.person_id)
        values = {"contact": person.name, "tel": person.phone}
    return {"values": values}


async def _cards(run: ChronicRun) -> dict[str, Any]:
    reading, answers = run.reading, run.reading.answers
    if answers is None:  # what stands in the way has no page of its own
        said = [each.sentence for step in ("enrollment", "disease") for each in reading.problems_of(step)]
        return {"cards": [("现在还不能提交", [("原因", sentence, "") for sentence in said])]}
    names = [each.name for each in reading.facts.institutions.values()]
    what = [(f"{reading.purpose.zh}的病种", "、".join(each.zh for each in answers.wanted), _change(run, "disease"))]
    cards: list[tuple[str, list[tuple[str, str, str]]]] = [
        (
            "给谁办",
            [
                ("姓名", reading.facts.patient_name, ""),
                ("医保", f"{answers.insurance_type.zh}（{answers.category.zh}）", _change(run, "enrollment")),
                ("参保地", place_zh(run.state.regions.get(answers.insured_pool), answers.insured_pool), ""),
            ],
        ),
        ("办什么", [*what, ("医院", "、".join(names) or "没有选", run.change("institutions", "institution"))]),
    ]
    if answers.purpose is not Purpose.CHANGE_INSTITUTIONS:
        assert reading.papers is not None
        rows = [
            (
                paper.zh,
                f"{count} 张" if (count := len(in_slot(answers.papers, paper.value))) else "没有传",
                run.change("photos", paper.value),
            )
            for paper in reading.papers.papers
        ]
        cards.append(("材料照片", rows))
    contact = [
        ("联系人", answers.contact_name, run.change("contact", "contact")),
        ("手机号", answers.contact_phone, run.change("contact", "tel")),
    ]
    cards.append(("怎么联系您", contact))
    return {"cards": cards}


def _change(run: ChronicRun, step: str) -> str:
    """Where it is changed; nowhere for a step this draft does not have."""
    return run.change(step, step) if any(each.slug == step for each in run.steps) else ""


# --- the flow ---------------------------------------------------------------------------------------------------------


def _pool(run: ChronicRun) -> str:
    return run.reading.enrollment.pool_code if run.reading.enrollment else ""


def _agency(run: ChronicRun) -> str:
    return run.reading.facts.pack.agency(_pool(run))


async def _read(request: Request, db: Db, draft: Draft) -> Reading:
    state = request.app.state
    return await read(db, state.vault, state.pack, draft, now=state.clock())


async def _shared(run: ChronicRun) -> Mapping[str, Any]:
    return {
        "purpose": run.reading.purpose,
        "ask_phone": await phone_of(run.db, _pool(run)),
        "diseases": "、".join(each.zh for each in run.reading.wanted),
    }


def _who(run: ChronicRun) -> Who | None:
    enrolled, facts = run.reading.enrollment, run.reading.facts
    if enrolled is None:
        return None
    region = run.state.regions.get(enrolled.pool_code)
    line = f"{enrolled.insurance_type.zh} · {region.name if region else ''}参保"
    return Who(facts.patient_name, line, is_self=facts.relation is None)


async def _submit(run: ChronicRun) -> None:
    await submit_draft(
        run.db,
        run.state.vault,
        run.state.pack,
        person_id=run.person.person_id,
        draft_id=run.draft.draft_id,
        channel="portal",
        now=run.now,
    )


async def _done(run: ChronicRun) -> Response[Any]:
    application = await application_seen_by(run.db, run.person.person_id, run.draft.outcome)
    return page(
        run.request,
        "chronic/done.html",
        application=application,
        ask=run.state.pack.agency(application.insured_pool),
        ask_phone=await phone_of(run.db, application.insured_pool),
    )


def _about(run: ChronicRun) -> str:
    return "、".join(each.zh for each in run.reading.wanted)


CHRONIC: Final[Flow[Reading]] = Flow(
    slug="chronic",
    name=FLOW,
    title="慢特病办理",
    start_url="/chronic",
    read=_read,
    submit=_submit,
    done=_done,
    who=_who,
    shared=_shared,
    about=_about,
    steps=(
        Step(
            "enrollment",
            "用哪份医保",
            1,
            ("enrollment",),
            _enrollment_page,
            applies=lambda draft: draft.value("start", "several") == "1",
        ),
        Step("disease", "选病种", 1, ("diseases",), _disease_page, applies=_is_new, before_save=_keep_disease),
        Step(
            "institutions",
            "选医院",
            2,
            ("institutions", "place", "q"),
            _institutions_page,
            before_save=_keep_institutions,
            go_anchor="found",
        ),
        Step(
            "photos",
            "拍材料",
            3,
            (),
            _photos_page,
            before_save=steps.keep_again(_slots),
            applies=lambda draft: _purpose(draft) != Purpose.CHANGE_INSTITUTIONS,
        ),
        Step("contact", "联系人", 4, ("contact", "tel"), _contact_page),
        review_step(5, _cards),
        sign_step(6, lambda run: run.reading.commitment),
    ),
)

route_handlers = steps.routes(CHRONIC)
