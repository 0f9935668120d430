"""What a page shows of its slots, and what was handed in before that may fill them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from markupsafe import Markup

from tongban import drafts, materials
from tongban.doors.http import Request
from tongban.doors.portal import csrf
from tongban.doors.portal.forms import Problem
from tongban.doors.portal.page import current_person
from tongban.doors.portal.papers.place import Declared, page_and_said, sealed_slot
from tongban.drafts import Draft
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.materials import SAMPLES, Material, MaterialKind, MaterialNotFound, in_slot

_CARDS: Final = frozenset(
    {
        MaterialKind.ID_CARD_FRONT,
        MaterialKind.ID_CARD_BACK,
        MaterialKind.PROXY_ID_FRONT,
        MaterialKind.PROXY_ID_BACK,
        MaterialKind.RESIDENCE_PERMIT,
    }
)

# Papers that say who somebody is: a picture of one serves every matter, whichever kind it was handed in as.
_ID_FRONT = (MaterialKind.ID_CARD_FRONT, MaterialKind.PROXY_ID_FRONT)
_ID_BACK = (MaterialKind.ID_CARD_BACK, MaterialKind.PROXY_ID_BACK)
_OWN_PAGE = (MaterialKind.HOUSEHOLD_REGISTER_OWN, MaterialKind.PROXY_HOUSEHOLD_REGISTER)
_SAME_PAPER: Final = {kind: same for same in (_ID_FRONT, _ID_BACK, _OWN_PAGE) for kind in same}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a picture on a page. `slot` is its name in ``draft.papers`` (small letters and underscores).

    `zh` and `hint` default to the kind's own words. `whose` is the person whose paper it is, by default the one the
    draft is for. `many`: how many pictures it takes.
    """

    slot: str
    kind: MaterialKind
    zh: str = ""
    hint: str = ""
    is_needed: bool = False
    whose: int | None = None
    many: int = 1

    @property
    def title(self) -> str:
        return self.zh or self.kind.zh


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture that lies in a slot. `action` takes its successor (重拍), `remove` takes it out."""

    number: str
    pages: int
    action: str
    remove: str
    field: str


@dataclass(frozen=True, slots=True)
class SlotView:
    """`action` takes the next picture, "" when the slot is full; `again` offers pictures handed in before."""

    slot: str
    title: str
    hint: str
    is_needed: bool
    is_many: bool
    is_card: bool
    accept: str
    field: str
    pictures: tuple[PictureView, ...]
    action: str
    again_action: str
    again: tuple[tuple[str, date], ...]  # number and day
    problem: str
    says_who: bool  # an identity paper, the same one in every matter

    @property
    def is_filled_again(self) -> bool:
        """Whether `use_again` fills it: identity papers alone, for an invoice of another stay would be a wrong one."""
        return self.is_needed and self.says_who and not self.pictures and bool(self.again)


@dataclass(frozen=True, slots=True)
class Photos:
    """All slots of a page, and what went wrong with the last picture that was sent without scripts."""

    slots: tuple[SlotView, ...]
    problems: tuple[Problem, ...]
    csrf: Markup

    @property
    def again_count(self) -> int:
        """How many pictures handed in before `use_again` would take."""
        return sum(slot.is_filled_again for slot in self.slots)

    @property
    def is_all_again(self) -> bool:
        """Whether nothing that is needed would be missing after `use_again`."""
        return all(slot.pictures or slot.is_filled_again for slot in self.slots if slot.is_needed)


def missing(draft: Draft, slots: Sequence[Slot]) -> list[Problem]:
    """What the person still has to add, in page order; for the step's own judgement."""
    return [
        Problem(slot.slot, f"还没有{slot.title}的照片，请拍一张")
        for slot in slots
        if slot.is_needed and not in_slot(draft.papers, slot.slot)
    ]


async def photo_slots(
    request: Request, db: Db, draft: Draft, slots: Sequence[Slot], *, back: str | None = None
) -> Photos:
    """What `papers.slots` shows. `back`: the page to come back to, by default the one being shown."""
    page_shown, said = page_and_said(request, draft)
    views = [await _view(request, db, draft, slot, back or page_shown, said) for slot in slots]
    problems = tuple(Problem(view.slot, view.problem) for view in views if view.problem)
    return Photos(tuple(views), problems, _csrf_field(request))


async def _view(
    request: Request, db: Db, draft: Draft, slot: Slot, back: str, said: tuple[str, str] | None
) -> SlotView:
    person_id, now = current_person(request).person_id, request.app.state.clock()
    declared = Declared(slot.kind, slot.whose or draft.for_person_id, back, slot.slot)

    def action(name: str, verb: str = "") -> str:
        return f"/papers/{draft.draft_id}/{name}{verb}?t={sealed_slot(request, draft, name, declared)}"

    pictures, taken, names = [], set(), set()
    for name, number in _names_in(draft, slot.slot):
        try:
            found = await materials.find(db, viewer_id=person_id, number=number, now=now)
        except MaterialNotFound:
            continue  # purged meanwhile: the slot is empty again
        if found.person_id != declared.whose:
            continue  # put in while the draft was for another person
        taken.add(found.sha256)
        names.add(name)
        pictures.append(PictureView(number, found.pages, action(name), action(name, "/remove"), f"{name}-retake"))
    free = _free_name(slot, names)
    again = await usable_again(db, declared, viewer_id=person_id, now=now) if free else []
    return SlotView(
        slot=slot.slot,
        title=slot.title,
        hint=slot.hint or SAMPLES[slot.kind],
        is_needed=slot.is_needed,
        is_many=slot.many > 1,
        is_card=slot.kind in _CARDS,
        # Some phones offer no camera once a second type is named, so cards, which are never PDF, ask for pictures only.
        accept="image/*" if slot.kind in _CARDS else "image/*,application/pdf",
        field=f"{free or slot.slot}-file",
        pictures=tuple(pictures),
        action=action(free) if free else "",
        again_action=action(free, "/again") if free else "",
        again=tuple((known.number, day_of(known.uploaded_at)) for known in again if known.sha256 not in taken)[:1],
        problem=said[1] if said is not None and stem_of(said[0]) == slot.slot else "",
        says_who=slot.kind in _SAME_PAPER,
    )


async def use_again(request: Request, db: Db, draft: Draft, slots: Sequence[Slot]) -> None:
    """Put into every empty slot that needs an identity paper the latest picture of it that was handed in before."""
    state = request.app.state
    for slot in slots:
        view = await _view(request, db, draft, slot, "", None)
        if view.is_filled_again:
            await drafts.save_paper(
                db,
                state.vault,
                person_id=draft.person_id,
                draft_id=draft.draft_id,
                slot=slot.slot,
                material_number=view.again[0][0],
                now=state.clock(),
            )


async def usable_again(db: Db, declared: "Declared", *, viewer_id: int, now: datetime) -> list[Material]:
    kinds = _SAME_PAPER.get(declared.kind, (declared.kind,))
    return await materials.usable_again(db, declared.whose, kinds, viewer_id=viewer_id, now=now)


def _names_in(draft: Draft, slot: str) -> list[tuple[str, str]]:
    """Names and numbers in a slot, in order."""
    wanted = in_slot(draft.papers, slot)
    by_number = {number: name for name, number in draft.papers.items() if stem_of(name) == slot}
    return [(by_number[number], number) for number in wanted]


def _free_name(slot: Slot, taken: Collection[str]) -> str:
    """The name under which the next picture of the slot is kept; "" when it is full."""
    for count in range(1, slot.many + 1):
        if (name := slot.slot if count == 1 else f"{slot.slot}.{count}") not in taken:
            return name
    return ""


def stem_of(name: str) -> str:
    return name.partition(".")[0]


def _csrf_field(request: Request) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, csrf.token(request))
