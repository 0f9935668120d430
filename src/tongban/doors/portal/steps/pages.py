"""The pages that many flows have: pictures of papers, a look over everything, a name under it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tongban.doors.portal.papers import Slot, photo_slots, use_again
from tongban.doors.portal.steps.flow import REVIEW, SIGN, Kept, R, Run, Step, always, no_context
from tongban.drafts import Draft
from tongban.signing import REVIEW_KEYS, SIGN_KEYS, Commitment


def review_step(
    number: int,
    cards: Callable[[Run[R]], Awaitable[Mapping[str, Any]]],
    *,
    zh: str = "核对一遍",
    template: str = "steps/review.html",
) -> Step[R]:
    """`cards` gives ``cards``: (title, rows of (label, value, address to change it)), and what the template asks for
    besides. The page posts the hash of what it showed."""

    async def context(run: Run[R]) -> Mapping[str, Any]:
        bound_to = run.reading.answers_hash
        return {"answers_hash": bound_to.hex() if bound_to else "", **await cards(run)}

    return Step(REVIEW, zh, number, REVIEW_KEYS, context, template)


def sign_step(
    number: int,
    commitment: Callable[[Run[R]], Commitment | None],
    *,
    slug: str = SIGN,
    zh: str = "签承诺书",
    template: str = "steps/sign.html",
    bound_to: Callable[[Run[R]], bytes | None] = lambda run: run.reading.answers_hash,
    page: Callable[[Run[R]], Awaitable[Mapping[str, Any]]] = no_context,
    applies: Callable[[Draft], bool] = always,
) -> Step[R]:
    """The commitment and the pad. `bound_to` is what the name is put under; a name written under anything else is not
    shown again, for it no longer signs. The template's blocks `question`, `pad_title` and `actions` may differ."""

    async def context(run: Run[R]) -> Mapping[str, Any]:
        bound = bound_to(run)
        hashed = bound.hex() if bound else ""
        values = run.draft.values(slug)
        return {
            "values": values if values.get("signed_hash") == hashed else {},
            "answers_hash": hashed,
            "commitment": commitment(run),
            "signer_name": run.person.name,
            **await page(run),
        }

    return Step(slug, zh, number, SIGN_KEYS, context, template, applies)


def photos_step(
    slug: str,
    zh: str,
    number: int,
    slots: Callable[[Run[R]], Sequence[Slot]],
    *,
    template: str = "steps/photos.html",
    page: Callable[[Run[R]], Awaitable[Mapping[str, Any]]] = no_context,
    applies: Callable[[Draft], bool] = always,
    is_side: bool = False,
) -> Step[R]:
    """Pictures of papers, each sent by itself into ``draft.papers``; which of them are needed the reading says, by
    problems whose field is the slot. The page itself has no fields; identity papers that were handed in before are
    taken again with one tap."""

    async def context(run: Run[R]) -> Mapping[str, Any]:
        return {"photos": await photo_slots(run.request, run.db, run.draft, slots(run)), **await page(run)}

    return Step(slug, zh, number, (), context, template, applies, keep_again(slots), is_side=is_side)


def keep_again(slots: Callable[[Run[R]], Sequence[Slot]]) -> Callable[[Run[R], dict[str, str]], Awaitable[Kept]]:
    """``before_save`` of a page of pictures: the button of ``papers.again`` fills the slots before the page is
    judged."""

    async def keep(run: Run[R], form: dict[str, str]) -> Kept:
        if "again" in (form.get("go"), form.get("again")):
            await use_again(run.request, run.db, run.draft, slots(run))
        return Kept(form)

    return keep
