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

In here: `flow` is the declaration, `pages` the pages that many flows have, `routes` what a request does.
"""

from tongban.doors.portal.steps.flow import Flow, Help, Kept, Reading, Run, Step, Who
from tongban.doors.portal.steps.pages import keep_again, photos_step, review_step, sign_step
from tongban.doors.portal.steps.routes import begin, open_run, routes, run_of

__all__ = [
    "Flow",
    "Step",
    "Run",
    "Reading",
    "Who",
    "Kept",
    "Help",
    "photos_step",
    "review_step",
    "sign_step",
    "keep_again",
    "routes",
    "begin",
    "open_run",
    "run_of",
]
