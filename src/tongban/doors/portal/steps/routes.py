"""Handling: what an address of a flow does with a request. A page is saved first and judged afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from tongban import drafts
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal import session
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.papers import Photos
from tongban.doors.portal.steps.flow import REVIEW, Flow, Kept, R, Run, Step
from tongban.drafts import Draft, DraftNotFound
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal

# A signature is some tens of kilobytes of strokes.
_BODY_BYTES_MAX = 1024 * 1024
# A page left open longer than a session is sent in vain anyway.
_PAGE_OPEN_MAX = session.IDLE


async def begin(
    flow: Flow[Any],
    request: Request,
    db: Db,
    *,
    for_person_id: int | None = None,
    known: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """A new draft of the signed-in person, with what is known already; returns its address, which leads to the first
    page that is not answered by that.

    One that was begun alike and left untouched is taken up again, so that two taps give one draft. Another that was
    left untouched is thrown away, but not while its first page may still be open, half filled in, in another window.
    """
    person, state = current_person(request), request.app.state
    now: datetime = state.clock()
    wanted = {step: dict(values) for step, values in (known or {}).items()}
    for before in await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=flow.name, now=now):
        if not before.is_untouched:
            continue
        began_with = {step: dict(answers.values) for step, answers in before.steps.items()}
        if (before.for_person_id, began_with) == (for_person_id or person.person_id, wanted):
            return f"/{flow.slug}/{before.draft_id}"
        if now - before.created_at > _PAGE_OPEN_MAX:
            await drafts.discard(db, person_id=person.person_id, draft_id=before.draft_id)
    draft = await drafts.start(
        db,
        state.vault,
        person_id=person.person_id,
        flow=flow.name,
        for_person_id=for_person_id,
        known=known,
        now=now,
    )
    return f"/{flow.slug}/{draft.draft_id}"


async def open_run(flow: Flow[R], request: Request, db: Db, draft_id: str) -> Run[R]:
    """Raises DraftNotFound for a draft that is not the signed-in person's, or is another flow's."""
    person, state = current_person(request), request.app.state
    try:
        wanted = UUID(draft_id)
    except ValueError:
        raise DraftNotFound(f"没有找到这份草稿，请从“{flow.title}”重新办") from None
    draft = await drafts.load(
        db, state.vault, person_id=person.person_id, draft_id=wanted, flow=flow.name, now=state.clock()
    )
    return await run_of(flow, request, db, draft)


async def run_of(flow: Flow[R], request: Request, db: Db, draft: Draft) -> Run[R]:
    """The signed-in person's own `draft`, read afresh."""
    return Run(flow, request, db, current_person(request), draft, await flow.read(request, db, draft))


def routes(flow: Flow[R]) -> list[ControllerRouterHandler]:
    """Resume, each step, done, saved and discard. Routes with a fixed second part, such as ``/<slug>/records``, go
    before them by themselves."""
    base = f"/{flow.slug}/{{draft_id:str}}"

    @get(base, opt={"who": "person"})
    async def resume(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
        """Where the person left off."""
        run = await open_run(flow, request, db, draft_id)
        return see_other(run.url("done" if run.draft.outcome else run.next_step.slug))

    @get(base + "/{step:str}", opt={"who": "person"})
    async def show(request: Request, db: RouteDb, draft_id: FromPath[str], step: FromPath[str]) -> Response[Any]:
        run = await open_run(flow, request, db, draft_id)
        if run.draft.outcome:
            return see_other(run.url("done"))
        wanted = run.step(step)
        if not run.is_reachable(step):
            return see_other(run.url(run.next_step.slug))
        problems = run.problems_of(wanted) if run.draft.is_submitted(step) else []
        return await _show(run, wanted, problems=problems)

    @post(base + "/{step:str}", opt={"who": "person"}, request_max_body_size=_BODY_BYTES_MAX)
    async def save(request: Request, db: RouteDb, draft_id: FromPath[str], step: FromPath[str]) -> Response[Any]:
        return await _save(await open_run(flow, request, db, draft_id), step, await read_form(request))

    @get(base + "/done", opt={"who": "person"})
    async def done(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
        """The result page: the same however often it is asked for."""
        run = await open_run(flow, request, db, draft_id)
        return await flow.done(run) if run.draft.outcome else see_other(run.url(run.next_step.slug))

    @get(base + "/saved", opt={"who": "person"})
    async def saved(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
        run = await open_run(flow, request, db, draft_id)
        if run.draft.outcome:
            return see_other(run.url("done"))
        return page(
            request,
            "steps/saved.html",
            draft=run.draft,
            flow=flow,
            step=run.next_step,
            resume=f"/{flow.slug}/{run.draft.draft_id}",
        )

    @post(base + "/discard", opt={"who": "person"})
    async def discard(request: Request, db: RouteDb, draft_id: FromPath[str]) -> Response[Any]:
        run = await open_run(flow, request, db, draft_id)
        await drafts.discard(db, person_id=run.person.person_id, draft_id=run.draft.draft_id)
        return see_other(flow.start_url)

    return [resume, show, save, done, saved, discard]


async def _show(
    run: Run[R], step: Step[R], *, status: int = 200, problems: Sequence[Problem] = (), **more: Any
) -> Response[bytes]:
    flow = run.flow
    to_review = run.comes_from_review or step.is_side
    before = [each for each in run.steps[: run.steps.index(step)] if not each.is_side]
    context: dict[str, Any] = {
        "draft": run.draft,
        "flow": flow,
        "step": step,
        "action": run.url(step.slug) + (f"?from={REVIEW}" if run.comes_from_review else ""),
        "back": run.url(REVIEW) if to_review else run.url(before[-1].slug) if before else flow.start_url,
        "back_text": "回到核对" if to_review else "上一步",
        "problems": problems,
        "values": run.draft.values(step.slug),
        "whose": flow.who(run),
        "was_merged": run.request.query_params.get("merged") == "1",
        "help": None,
    }
    context |= {**await flow.shared(run), **await step.page(run), **more}
    for name, shown in context.items():
        # What is wrong with a picture is said with the rest, and the rest beside the picture.
        if isinstance(shown, Photos):
            context["problems"] = [*context["problems"], *shown.problems]
            context[name] = _beside_pictures(shown, problems)
    return page(run.request, step.template or f"{flow.slug}/{step.slug}.html", status=status, **context)


def _beside_pictures(photos: Photos, problems: Sequence[Problem]) -> Photos:
    said = {problem.field: problem.sentence for problem in reversed(problems)}
    return replace(photos, slots=tuple(replace(s, problem=s.problem or said.get(s.slot, "")) for s in photos.slots))


async def _save(run: Run[R], slug: str, form: dict[str, str]) -> Response[Any]:
    """Keep what was typed, then say what is wrong with it or lead on."""
    if run.draft.outcome:
        return see_other(run.url("done"))
    step = run.step(slug)
    kept = await step.before_save(run, form) if step.before_save else Kept(form)
    seen = form.get("version", "")
    draft = await drafts.save_step(
        run.db,
        run.state.vault,
        person_id=run.person.person_id,
        draft_id=run.draft.draft_id,
        step=slug,
        keys=step.keys,
        values=kept.values,
        seen_version=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
        is_submitted="save" not in form and "go" not in form,
        for_person_id=kept.for_person_id,
        now=run.now,
    )
    run = await run_of(run.flow, run.request, run.db, draft)
    if draft.outcome:
        return see_other(run.url("done"))
    if "go" in form:  # an extra button, such as 看这个省的城市 without JavaScript
        query = f"?from={REVIEW}" if run.comes_from_review else ""
        return see_other(f"{run.url(slug)}{query}{'#' + step.go_anchor if step.go_anchor else ''}")
    if "save" in form:
        return see_other(run.url("saved"))
    if not run.is_reachable(slug):  # changed in another window: something before it, or whether it is asked
        return see_other(f"{run.url(run.next_step.slug)}?merged=1")
    if problems := _all_problems(run, step, kept):
        return await _show(run, step, status=422, problems=problems)
    return await _submit(run, step) if step is run.steps[-1] else see_other(_onwards(run, step))


def _all_problems(run: Run[R], step: Step[R], kept: Kept) -> list[Problem]:
    """Those found while keeping, then those of reading for fields that have none yet."""
    found = [problem for refusal in kept.problems for problem in problems_of(refusal)]
    named = {problem.field for problem in found}
    return found + [problem for problem in run.problems_of(step) if problem.field not in named]


def _onwards(run: Run[R], step: Step[R]) -> str:
    """To the first page that is not answered yet, so that what was known or said before is not asked again; from the
    review back to it, unless the change asks for more, such as another notice to be read."""
    to_review = (run.comes_from_review or step.is_side) and run.is_reachable(REVIEW)
    next_step = REVIEW if to_review else run.next_step.slug
    query = [
        f"from={REVIEW}" if run.comes_from_review and next_step != REVIEW else "",
        "merged=1" if run.draft.was_merged else "",
    ]
    return run.url(next_step) + ("?" + "&".join(filter(None, query)) if any(query) else "")


async def _submit(run: Run[R], step: Step[R]) -> Response[Any]:
    try:
        async with run.db.transaction():  # what a refused submit wrote is taken back, what was typed stays
            await run.flow.submit(run)
    except Refusal as refusal:
        return await _show(
            run,
            step,
            status=refusal.status,
            # A refusal of handing in is about everything, not about a field of this page.
            problems=[Problem("", problem.sentence) for problem in problems_of(refusal)],
            help=run.flow.help_after(run, refusal),
        )
    return see_other(run.url("done"))
