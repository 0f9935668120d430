"""The step machine: every flow of several pages with one signature at the end is a declaration of its steps.

What a flow gets from it: an address for every page (``/<slug>/<draft>/<step>``); what is posted is saved first and
judged afterwards, so nothing typed is lost; a good answer leads on with a redirect, a bad one shows the page again
(422) with each problem beside its field; two windows on one draft are merged and said so; changes from the review
lead back to it; 先存着 and taking up again; a signature is void after any change; handing in happens once, and the
result page is the same however often it is asked for.

A flow has two halves. Its capability reads a draft: pure, the same answers whatever the order they were given in::

    # tongban/tea/reading.py
    @dataclass
    class Reading:
        problems: dict[str, list[Refusal]]     # per step, in page order; a step that rests on an unanswered one has one
        answers: TeaAnswers | None = None
        commitment: Commitment | None = None
        answers_hash: bytes | None = None      # signing.answers_hash over everything, as soon as all is answered
        signature: Signature | None = None

        def problems_of(self, step: str) -> list[Refusal]:
            return self.problems.get(step, [])

    def read_draft(draft: Draft, facts: Facts) -> Reading:
        reading = Reading({})
        kind = draft.value("kind", "tea")
        if kind not in TEAS:
            reading.problems["kind"] = [AnswerMissing("请选一种茶", field="tea")]
        if "front" not in draft.papers:        # the field of a problem with a picture is its slot
            reading.problems["photos"] = [AnswerMissing("还没有身份证的照片，请拍一张", field="front")]
        if not reading.problems:
            reading.commitment = commitment_from(content_of(FILE), {"tea": kind})
            # Papers by their sha256, so that another picture voids the name: `materials` gives them by number.
            signed_for = {"person_id": draft.for_person_id, "signer_id": draft.person_id, "tea": kind,
                          "papers": facts.sha256_of_papers}
            reading.answers_hash = answers_hash(reading.commitment, signed_for)
        reading.problems["review"] = read_confirmed(draft.values("review"), reading.answers_hash)
        reading.signature, reading.problems["sign"] = read_signature(
            draft.values("sign"), reading.answers_hash, facts.signer_name)
        return reading

The portal declares the pages::

    # tongban/doors/portal/tea.py
    async def read(request: Request, db: Db, draft: Draft) -> Reading: ...        # facts from records, then read_draft

    async def kind_page(run: Run[Reading]) -> Mapping[str, Any]:                  # what templates/tea/kind.html needs
        return {"teas": TEAS}

    async def cards(run: Run[Reading]) -> Mapping[str, Any]:
        return {"cards": [("要喝的茶", [("茶", run.draft.value("kind", "tea"), run.change("kind", "tea"))])]}

    async def submit(run: Run[Reading]) -> None:                                  # drafts.handing_in … drafts.finish
        await order_tea(run.db, run.state.vault, person_id=run.person.person_id, draft_id=run.draft.draft_id,
                        channel="portal", now=run.now)

    async def done(run: Run[Reading]) -> Response[Any]:
        return page(run.request, "tea/done.html", number=run.draft.outcome)

    TEA = Flow(
        slug="tea", name="tea", title="茶水", start_url="/tea", read=read, submit=submit, done=done,
        steps=(
            Step("kind", "选茶", 1, ("tea",), kind_page),
            photos_step("photos", "拍照片", 2, slots),            # [Slot("front", MaterialKind.ID_CARD_FRONT), …]
            review_step(3, cards),
            sign_step(4, lambda run: run.reading.commitment),
        ),
    )

    @post("/tea/start", opt={"who": "person"})
    async def start(request: Request, db: RouteDb) -> Response[Any]:
        return see_other(await begin(TEA, request, db))

    route_handlers = [start, *routes(TEA)]

Templates extend ``steps/_step.html`` and fill its blocks `question` (the h1) and `fields` (and `before_form`,
`who_row`, `actions` where they differ); review and sign need none of their own. Then the flow's line in
`doors.portal.drafts.FLOWS`, so that unfinished drafts stand on the first page.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from tongban import drafts
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.forms import Problem, problems_of, read_form
from tongban.doors.portal.page import SignedIn, current_person, page
from tongban.doors.portal.papers import Photos, Slot, photo_slots
from tongban.drafts import Draft, DraftNotFound
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.signing import REVIEW_KEYS, SIGN_KEYS, Commitment

REVIEW = "review"
SIGN = "sign"
# A signature is some tens of kilobytes of strokes.
_BODY_BYTES_MAX = 1024 * 1024


class Reading(Protocol):
    """What a draft amounts to on the day."""

    def problems_of(self, step: str, /) -> Sequence[Refusal]:
        """What is wrong with the step, in page order; empty once it is answered."""
        ...

    @property
    def answers_hash(self) -> bytes | None:
        """Over everything that will be signed; None while an answer is missing."""
        ...


R = TypeVar("R", bound=Reading)


class Who(NamedTuple):
    """For whom this is, above each page. `line`: insurance and region in words."""

    name: str
    line: str = ""
    relation: str = ""
    is_self: bool = True
    edit: str = ""


class Kept(NamedTuple):
    """What a step keeps of a form. `problems` are those found while keeping it, such as that no such person was found;
    `for_person_id`: whose matter it is from now on (None: as before)."""

    values: Mapping[str, str]
    for_person_id: int | None = None
    problems: Sequence[Refusal] = ()


class Help(NamedTuple):
    """What a person can look at when handing in was refused."""

    sentence: str
    link_text: str
    url: str


async def _nothing(run: "Run[Any]") -> Mapping[str, Any]:
    return {}


def _everyone(draft: Draft) -> bool:
    return True


@dataclass(frozen=True)
class Step(Generic[R]):
    """One page. `keys` name the fields it owns; steps may share a `number`, so that the count stays small.

    `page` gives what the template needs; `applies` takes the page out where the draft does not need it; `before_save`
    turns a form into what is kept (it is called for 先存着 too: then "save" is in the form); `go_anchor` is where the
    page is taken up after an extra button named ``go``; `is_side`: a page people go to by choice, from the review and
    back to it.
    """

    slug: str
    zh: str
    number: int
    keys: tuple[str, ...]
    page: Callable[["Run[R]"], Awaitable[Mapping[str, Any]]] = _nothing
    template: str = ""
    applies: Callable[[Draft], bool] = _everyone
    before_save: Callable[["Run[R]", dict[str, str]], Awaitable[Kept]] | None = None
    go_anchor: str = ""
    is_side: bool = False


@dataclass(frozen=True)
class Flow(Generic[R]):
    """A whole errand. `slug` begins its addresses and names its folder of templates; `name` is the drafts' flow.

    `start_url` is where it begins and where a thrown-away draft leads. `submit` hands in: it raises refusals, which are
    shown on the last page. `shared` is context for every page; `about` says in a few words what a draft is about.
    """

    slug: str
    name: str
    title: str
    start_url: str
    steps: Sequence[Step[R]]
    read: Callable[[Request, Db, Draft], Awaitable[R]]
    submit: Callable[["Run[R]"], Awaitable[None]]
    done: Callable[["Run[R]"], Awaitable[Response[Any]]]
    who: Callable[["Run[R]"], Who | None] = lambda run: Who(run.person.name)
    shared: Callable[["Run[R]"], Awaitable[Mapping[str, Any]]] = _nothing
    about: Callable[["Run[R]"], str] = lambda run: ""
    help_after: Callable[["Run[R]", Refusal], Help | None] = lambda run, refusal: None

    @property
    def steps_total(self) -> int:
        return max(step.number for step in self.steps)


@dataclass
class Run(Generic[R]):
    """One draft as a page sees it."""

    flow: Flow[R]
    request: Request
    db: Db
    person: SignedIn
    draft: Draft
    reading: R
    steps: Sequence[Step[R]] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = [step for step in self.flow.steps if step.applies(self.draft)]

    @property
    def state(self) -> Any:
        return self.request.app.state

    @property
    def now(self) -> datetime:
        now: datetime = self.state.clock()
        return now

    @property
    def today(self) -> date:
        return day_of(self.now)

    def url(self, step: str) -> str:
        return f"/{self.flow.slug}/{self.draft.draft_id}/{step}"

    def change(self, step: str, field: str = "") -> str:
        """Where a row of the review is changed; it leads back to the review."""
        return f"{self.url(step)}?from={REVIEW}{'#' + field if field else ''}"

    @property
    def comes_from_review(self) -> bool:
        return self.request.query_params.get("from") == REVIEW

    def step(self, slug: str) -> Step[R]:
        """Also one that does not apply to the draft now. Raises DraftNotFound for one that the flow does not have."""
        for step in self.flow.steps:
            if step.slug == slug:
                return step
        raise DraftNotFound(f"没有这一步，请从“{self.flow.title}”重新进入")

    @property
    def next_step(self) -> Step[R]:
        """The first step that still needs an answer; the last once all are given."""
        return next((step for step in self.steps if self.reading.problems_of(step.slug)), self.steps[-1])

    def is_reachable(self, slug: str) -> bool:
        """A page can be shown once all pages before it are answered."""
        order = [step.slug for step in self.steps]
        return slug in order and order.index(slug) <= order.index(self.next_step.slug)

    def problems_of(self, step: Step[R]) -> list[Problem]:
        return [Problem(refusal.field or "", refusal.sentence) for refusal in self.reading.problems_of(step.slug)]


# --- the two pages every flow ends with -------------------------------------------------------------------------------


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
    page: Callable[[Run[R]], Awaitable[Mapping[str, Any]]] = _nothing,
    applies: Callable[[Draft], bool] = _everyone,
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
    page: Callable[[Run[R]], Awaitable[Mapping[str, Any]]] = _nothing,
    applies: Callable[[Draft], bool] = _everyone,
    is_side: bool = False,
) -> Step[R]:
    """Pictures of papers, each sent by itself into ``draft.papers``; which of them are needed the reading says, by
    problems whose field is the slot. The page itself has no fields."""

    async def context(run: Run[R]) -> Mapping[str, Any]:
        return {"photos": await photo_slots(run.request, run.db, run.draft, slots(run)), **await page(run)}

    return Step(slug, zh, number, (), context, template, applies, is_side=is_side)


# --- routes -----------------------------------------------------------------------------------------------------------


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

    A draft of this flow that was opened before and left untouched is thrown away: it is not worth a second one.
    """
    person, state = current_person(request), request.app.state
    now: datetime = state.clock()
    for untouched in await drafts.drafts_of(db, state.vault, person_id=person.person_id, flow=flow.name, now=now):
        if untouched.updated_at == untouched.created_at:
            await drafts.discard(db, person_id=person.person_id, draft_id=untouched.draft_id)
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
        if isinstance(
            shown, Photos
        ):  # what is wrong with a picture is said with the rest, and the rest beside the picture
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
