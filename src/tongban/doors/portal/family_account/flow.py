"""The steps of giving: for whom, how much, look through, sign."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from litestar import Response

from tongban import mutual_aid
from tongban.doors.http import Request
from tongban.doors.portal import family, steps
from tongban.doors.portal.filing.words import place_zh
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import page
from tongban.doors.portal.steps import Flow, Kept, Run, Step, Who, review_step, sign_step
from tongban.drafts import Draft
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import Locality
from tongban.mutual_aid import FLOW, NEW, Reading
from tongban.people import match_person

AidRun: TypeAlias = Run[Reading]


async def _who_page(run: AidRun) -> Mapping[str, Any]:
    values = dict(run.draft.values(mutual_aid.WHO))
    return {
        "whom": [
            *((str(kin.kin_id), kin.name, f"{kin.relation.zh}，{kin.masked_id}") for kin in run.reading.kin),
            (NEW, "另一位家人", "要填姓名和身份证号"),
        ],
        "values": values if run.reading.kin else {"receiver": NEW} | values,
        "relations": family.RELATIONS,
    }


async def _keep_who(run: AidRun, form: dict[str, str]) -> Kept:
    """A relative who is new here is found and bound first; afterwards they are one of those to choose from."""
    if form.get("receiver") != NEW or "save" in form:
        return Kept(form)
    missing: list[Refusal] = []
    if not form.get("name"):
        missing.append(family.FieldMissing("请填家人的姓名，和身份证上一样", field="name"))
    if not form.get("id_number"):
        missing.append(family.FieldMissing("请填家人的身份证号，一共 18 位", field="id_number"))
    try:
        relation = family.read_relation(form.get("relation", ""))
        if missing:
            return Kept(form, problems=missing)
        found = await match_person(
            run.db,
            run.state.vault,
            name=form["name"],
            id_number=form["id_number"],
            asked_by=run.person.person_id,
            now=run.now,
        )
        bound = await family.bind(run.request, run.db, kin=found, relation=relation)
    except Refusal as refusal:
        return Kept(form, problems=[*missing, refusal])
    return Kept({"receiver": str(bound.kin_id)})


async def _amount_page(run: AidRun) -> Mapping[str, Any]:
    reading, regions = run.reading, run.state.regions
    assert reading.giving is not None
    pools = dict.fromkeys(each.pool_code for each in reading.pools)
    return {
        "giving": reading.giving,
        "pools": [(pool, place_zh(regions.get(pool), pool)) for pool in pools],
    }


async def _cards(run: AidRun) -> Mapping[str, Any]:
    wish = run.reading.wish
    assert wish is not None
    place = place_zh(run.state.regions.get(wish.receiver_pool), wish.receiver_pool)
    is_far = wish.locality is Locality.CROSS_PROVINCE
    rows = [
        ("姓名", wish.kin.name, run.change(mutual_aid.WHO, "receiver")),
        ("身份证号", wish.kin.masked_id, ""),
        ("是您的", wish.kin.relation.zh, ""),
        ("参保地", f"{place}（{'跨省' if is_far else '省内'}）", ""),
    ]
    use = "留给家人，没解除以前您自己不能花" if wish.is_set_apart else "您自己还能花，账户里有才能用"
    return {
        "cards": [
            ("给谁用", rows),
            (
                "能用多少",
                [("最多", f"{yuan(wish.limit_fen)} 元", run.change(mutual_aid.AMOUNT, "limit")), ("这笔钱", use, "")],
            ),
        ]
    }


async def _read(request: Request, db: Db, draft: Draft) -> Reading:
    state = request.app.state
    return await mutual_aid.read(db, state.vault, state.pack, state.regions, draft, now=state.clock())


async def _submit(run: AidRun) -> None:
    await mutual_aid.submit_draft(
        run.db,
        run.state.vault,
        run.state.pack,
        run.state.regions,
        person_id=run.person.person_id,
        draft_id=run.draft.draft_id,
        channel="portal",
        now=run.now,
    )


async def _done(run: AidRun) -> Response[Any]:
    grant = await mutual_aid.get_grant(run.db, run.person.person_id, run.draft.outcome)
    await looked_at(run.request, run.db, "mutual_aid.viewed", person_id=grant.giver_id, subject=grant.number)
    name = next((kin.name for kin in run.reading.kin if kin.kin_id == grant.receiver_id), "家人")
    return page(run.request, "family_account/done.html", grant=grant, name=name)


def _about(run: AidRun) -> str:
    return f"给{run.reading.receiver.name}" if run.reading.receiver else ""


async def _shared(run: AidRun) -> Mapping[str, Any]:
    return {"receiver": run.reading.receiver.name if run.reading.receiver else "家人"}


def _whose(run: AidRun) -> Who | None:
    """It is the giver's own matter; whom it is for the questions say."""
    return None


AID: Flow[Reading] = Flow(
    slug="family-account",
    name=FLOW,
    title="家庭共济",
    start_url="/family-account",
    read=_read,
    submit=_submit,
    done=_done,
    who=_whose,
    shared=_shared,
    about=_about,
    steps=(
        Step(
            mutual_aid.WHO,
            "给谁用",
            1,
            ("receiver", "name", "id_number", "relation"),
            _who_page,
            template="family_account/who.html",
            before_save=_keep_who,
        ),
        Step(
            mutual_aid.AMOUNT,
            "能用多少",
            2,
            ("limit", "receiver_pool"),
            _amount_page,
            template="family_account/amount.html",
        ),
        review_step(3, _cards),
        sign_step(4, lambda run: run.reading.commitment),
    ),
)

route_handlers = steps.routes(AID)
