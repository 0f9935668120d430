"""我的家人: relatives bound once, for every flow that is done for them or shared with them. Either side may end it."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from tongban import notices
from tongban.doors.http import Request, RouteDb, local_path, see_other
from tongban.doors.portal.forms import problems_of, read_form
from tongban.doors.portal.looks import looked_at
from tongban.doors.portal.page import current_person, page
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import Relation
from tongban.notices import NoticeKind
from tongban.people import (
    SEEN_FROM_THE_OTHER_SIDE,
    Kin,
    KinNotFound,
    Person,
    bind_kin,
    kin_of,
    match_person,
    release_kin,
)

RELATIONS: list[tuple[str, str]] = [(relation.value, relation.zh) for relation in SEEN_FROM_THE_OTHER_SIDE]
"""The eight relations that can be bound, (value, label), as ``m.radios`` and ``m.select`` take them."""

_LIST = "/family"
_KEY_LENGTH = 16


class FieldMissing(Refusal):
    code = "field_missing"


def read_relation(text: str, *, field: str = "relation") -> Relation:
    """Raises FieldMissing for anything but one of the eight."""
    if text not in {value for value, _ in RELATIONS}:
        raise FieldMissing("请选一下，对方是您的什么人", field=field)
    return Relation(text)


async def bind(request: Request, db: Db, *, kin: Person, relation: Relation) -> Kin:
    """`people.bind_kin` for whoever is signed in, and word of it to the other one. For every flow that binds."""
    person, state = current_person(request), request.app.state
    now = state.clock()
    bound = await bind_kin(db, state.vault, person_id=person.person_id, kin=kin, relation=relation, now=now)
    await notices.post(
        db,
        person_id=kin.person_id,
        kind=NoticeKind.FAMILY,
        subject="",
        title=f"{person.name}把您登记成了家人",
        body=f"您是{person.name}的{relation.zh}，他（她）可以替您办医保的事。不对的话，您可以解除。",
        link="/family",
        now=now,
        once=f"people.kin_bound {person.person_id} {bound.bound_at.isoformat()}",
    )
    return bound


@get("/family", opt={"who": "person"})
async def family(request: Request, db: RouteDb) -> Response[Any]:
    person, vault = current_person(request), request.app.state.vault
    relatives = await kin_of(db, vault, person.person_id)
    await looked_at(request, db, "people.kin_viewed", person_id=person.person_id)
    return page(
        request,
        "family/list.html",
        relatives=[(kin, day_of(kin.bound_at), _key(request, kin)) for kin in relatives],
        done=request.query_params.get("done", ""),
    )


@get("/family/new", opt={"who": "person"})
async def new(request: Request) -> Response[Any]:
    """With ``next`` in the address the page that wanted a relative goes on once there is one."""
    next_path = local_path(request.query_params.get("next"), _LIST)
    return page(request, "family/new.html", relations=RELATIONS, next=next_path)


@post("/family/new", opt={"who": "person"})
async def add(request: Request, db: RouteDb) -> Response[Any]:
    """Answers 422 for what does not fit, and does not raise: tries that fail must stay counted."""
    form = await read_form(request)
    next_path = local_path(form.get("next"), _LIST)
    try:
        person, relation = await _read(request, db, form)
        await bind(request, db, kin=person, relation=relation)
    except Refusal as refusal:
        return page(
            request,
            "family/new.html",
            refusal.status if refusal.status != KinNotFound.status else 422,
            relations=RELATIONS,
            next=next_path,
            problems=problems_of(refusal),
            values=form,
        )
    return see_other("/family?done=bound" if next_path == _LIST else next_path)


@get("/family/{key:str}/release", opt={"who": "person"})
async def release_page(request: Request, db: RouteDb, key: FromPath[str]) -> Response[Any]:
    return page(request, "family/release.html", kin=await _chosen(request, db, key), key=key)


@post("/family/{key:str}/release", opt={"who": "person"})
async def release(request: Request, db: RouteDb, key: FromPath[str]) -> Response[Any]:
    person, state = current_person(request), request.app.state
    chosen = await _chosen(request, db, key)
    now = state.clock()
    was = await release_kin(db, state.vault, person_id=person.person_id, kin_id=chosen.kin_id, now=now)
    await notices.post(
        db,
        person_id=was.kin_id,
        kind=NoticeKind.FAMILY,
        subject="",
        title=f"{person.name}解除了和您的家人登记",
        body="以后要替对方办事，重新登记就行。已经办成的事照旧有效。",
        link="/family",
        now=now,
    )
    return see_other("/family?done=released")


async def _read(request: Request, db: Db, form: dict[str, str]) -> tuple[Person, Relation]:
    """Raises Invalid with everything that is missing, else whatever `match_person` refuses for."""
    missing: list[Refusal] = []
    if not form.get("name"):
        missing.append(FieldMissing("请填家人的姓名，和身份证上一样", field="name"))
    if not form.get("id_number"):
        missing.append(FieldMissing("请填家人的身份证号，一共 18 位", field="id_number"))
    try:
        relation = read_relation(form.get("relation", ""))
    except FieldMissing as refusal:
        missing.append(refusal)
    if missing:
        raise Invalid(missing)
    state = request.app.state
    found = await match_person(
        db,
        state.vault,
        name=form["name"],
        id_number=form["id_number"],
        asked_by=current_person(request).person_id,
        now=state.clock(),
    )
    return found, relation


async def _chosen(request: Request, db: Db, key: str) -> Kin:
    """Raises KinNotFound."""
    relatives = await kin_of(db, request.app.state.vault, current_person(request).person_id)
    found = next((kin for kin in relatives if _key(request, kin) == key), None)
    if found is None:
        raise KinNotFound("您的家人里没有这一位，请从“我的家人”重新选")
    return found


def _key(request: Request, kin: Kin) -> str:
    """Stands for the relative in addresses: nobody's number is in them."""
    told = f"{current_person(request).person_id}:{kin.kin_id}"
    key: str = request.app.state.vault.index(told, "portal.kin").hex()[:_KEY_LENGTH]
    return key


route_handlers = [family, new, add, release_page, release]
