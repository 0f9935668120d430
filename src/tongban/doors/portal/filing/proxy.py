"""给谁办: for oneself, for a bound relative, or for somebody found by name and ID number; and the papers of both."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.papers import Slot, photo_slots
from tongban.doors.portal.steps import Kept, Run
from tongban.filing import (
    FOR_KIN,
    INSURED_CARD,
    INSURED_REGISTER,
    PROXY_CARD,
    PROXY_REGISTER,
    Filing,
    Reading,
    Step,
    is_typed,
    proof_slots,
)
from tongban.infra import audit
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import Relation
from tongban.materials import MaterialKind
from tongban.people import (
    SEEN_FROM_THE_OTHER_SIDE,
    Enrollment,
    KinNotFound,
    Person,
    enrollments,
    kin_by_id,
    kin_of,
    match_person,
    medical_code_state,
)

FilingRun: TypeAlias = Run[Reading]

_RELATIONS = [(str(relation), relation.zh) for relation in Relation]


# --- what the pages show ----------------------------------------------------------------------------------------------


async def who_page(run: FilingRun) -> Mapping[str, Any]:
    own = await enrollments(run.db, run.person.person_id, run.today)
    known = next(iter(own), None)
    code = await medical_code_state(run.db, run.person.person_id)
    kin = await kin_of(run.db, run.state.vault, run.person.person_id)
    return {
        "whom": [
            ("self", "给自己办", run.person.name),
            *((f"{FOR_KIN}{each.kin_id}", f"给{each.name}办", each.relation_zh) for each in kin),
            ("other", "给别的家人或朋友办", "要填姓名和身份证号"),
        ],
        "enrollments": enrollment_rows(run, own),
        "known": known,
        "known_place": _place_of(run, known) if known else "",
        "has_code": code.value == "active",
        "code_state": code.zh,
    }


async def person_page(run: FilingRun) -> Mapping[str, Any]:
    return {"found": _found(run), "relations": _RELATIONS}


async def proxy_page(run: FilingRun) -> Mapping[str, Any]:
    reading, facts = run.reading, run.reading.facts
    values = dict(run.draft.values(Step.PROXY))
    if not values.get("proxy_tel"):
        values["proxy_tel"] = facts.signer.phone
    stops = [p.sentence for p in reading.problems_of(Step.PROXY) if p.field not in ("proxy_tel", "enrollment")]
    return {
        "values": values,
        "insured": facts.insured,
        "relation": relation_zh(reading.relation, facts.insured),
        "enrollments": enrollment_rows(run, facts.enrollments),
        "insured_place": _place_of(run, facts.enrollments[0]) if facts.enrollments else "",
        "blocked": next(iter(stops), ""),
    }


async def relation_page(run: FilingRun) -> Mapping[str, Any]:
    """What of both persons is not above the page already: the page before may have been answered by the records."""
    return {
        "both": [
            ("家人的身份证号", run.reading.facts.insured.masked_id, ""),
            ("代办人", run.person.name, ""),
            ("代办人手机号", run.reading.proxy_phone, f"{run.url(Step.PROXY)}#proxy_tel"),
        ]
    }


async def photos_page(run: FilingRun) -> Mapping[str, Any]:
    """Cards first; the registers are folded away, unless one lies there already."""
    registers = [slot for slot in identity_slots(run) if slot.slot in (PROXY_REGISTER, INSURED_REGISTER)]
    cards = [slot for slot in identity_slots(run) if slot not in registers]
    shown = await photo_slots(run.request, run.db, run.draft, registers)
    return {
        "cards": await photo_slots(run.request, run.db, run.draft, cards),
        "registers": shown,
        "opens_registers": any(view.pictures or view.problem for view in shown.slots),
    }


def identity_slots(run: FilingRun) -> list[Slot]:
    """Both persons' papers. Which are needed the reading says: a card or a register."""
    proxy, name = run.person.person_id, run.reading.facts.insured.name
    front, back = PROXY_CARD
    insured_front, insured_back = INSURED_CARD
    mine, hers = PROXY_REGISTER not in run.draft.papers, INSURED_REGISTER not in run.draft.papers
    return [
        Slot(front, MaterialKind.PROXY_ID_FRONT, "您的身份证（有照片那面）", is_needed=mine, whose=proxy),
        Slot(back, MaterialKind.PROXY_ID_BACK, "您的身份证（国徽那面）", is_needed=mine, whose=proxy),
        Slot(insured_front, MaterialKind.ID_CARD_FRONT, f"{name}的身份证（有照片那面）", is_needed=hers),
        Slot(insured_back, MaterialKind.ID_CARD_BACK, f"{name}的身份证（国徽那面）", is_needed=hers),
        Slot(PROXY_REGISTER, MaterialKind.PROXY_HOUSEHOLD_REGISTER, "您的户口簿本人页", whose=proxy),
        Slot(INSURED_REGISTER, MaterialKind.HOUSEHOLD_REGISTER_OWN, f"{name}的户口簿本人页"),
    ]


def proofs_of(run: FilingRun) -> list[Slot]:
    """What the kind of filing asks for, shown by who wants to."""
    return [Slot(slot, kind, many=3) for slot, kind in proof_slots(run.reading.decision)]


def relation_zh(relation: Relation | None, insured: Person) -> str:
    return relation.said_of(is_male=insured.is_male) if relation else ""


def enrollment_rows(run: FilingRun, found: Sequence[Enrollment]) -> list[tuple[str, str, str]]:
    """Number, insurance and place of each, as tiles and rows show them."""
    return [
        (str(each.enrollment_no), f"{each.insurance_type.zh}（{each.category.zh}）", f"{_place_of(run, each)}参保")
        for each in found
    ]


def _place_of(run: FilingRun, enrollment: Enrollment) -> str:
    return place_zh(run.reading.facts.regions.get(enrollment.pool_code), enrollment.pool_code)


def _found(run: FilingRun) -> Person | None:
    return run.reading.facts.insured if run.draft.for_person_id != run.draft.person_id else None


async def may_become_kin(run: FilingRun, filing: Filing) -> bool:
    """Whether the person filed for is of the near family and not bound yet, so that one tap spares typing next time."""
    if filing.relation not in SEEN_FROM_THE_OTHER_SIDE:
        return False
    bound = await kin_of(run.db, run.state.vault, run.person.person_id)
    return filing.person_id not in {each.kin_id for each in bound}


# --- what they keep ---------------------------------------------------------------------------------------------------


async def keep_who(run: FilingRun, form: dict[str, str]) -> Kept:
    """Whose matter it is goes with the choice, so that no draft is for one person and speaks of another. The relation
    of a bound relative comes from the record, never from the form."""
    whom, own = form.get("for", ""), run.person.person_id
    values = form | {"relation": ""}
    if not whom.startswith(FOR_KIN):
        # Coming by once more does not forget who was found before.
        keeps = whom == "other" and is_typed(run.draft)
        return Kept(values, run.draft.for_person_id if keeps else own)
    try:
        kin_id = int(whom.removeprefix(FOR_KIN))
        kin = await kin_by_id(run.db, run.state.vault, own, kin_id)
    except (ValueError, KinNotFound):
        return Kept(values | {"for": ""}, own, [KinNotFound("您的家人里没有这一位，请重新选", field="for")])
    return Kept(values | {"relation": kin.relation.value}, kin.kin_id)


async def keep_person(run: FilingRun, form: dict[str, str]) -> Kept:
    """Look the person up. What was typed stays if nobody is found; once found, the number is kept masked."""
    found = _found(run)
    if found is not None and (form.get("name"), form.get("id_number")) == (found.name, found.masked_id):
        return Kept(form, found.person_id)
    own = run.person.person_id
    if "save" in form or not form.get("name") or not form.get("id_number"):
        return Kept(form, own)
    try:
        person = await match_person(
            run.db, run.state.vault, name=form["name"], id_number=form["id_number"], asked_by=own, now=run.now
        )
    except Refusal as refusal:
        return Kept(form, own, [refusal])
    if person.person_id == own:
        return Kept(form, own, [KinNotFound("这是您自己。给自己办，请回上一步选“给自己办”", field="id_number")])
    await audit.record(
        run.db,
        now=run.now,
        actor=f"person:{own}",
        channel="portal",
        action="filing.proxy_matched",
        person_id=person.person_id,
    )
    return Kept(form | {"name": person.name, "id_number": person.masked_id}, person.person_id)
