"""Family: finding somebody by name and ID number, and binding them once for every flow that needs a relative.

People who deal with something for a relative type that person's name and ID number one time; afterwards the relative
is chosen from a list. Both sides see it, and either side may end it.
"""

import re
from datetime import datetime
from typing import Final

from tongban.infra import audit, rate
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import parse_resident_id
from tongban.kernel.vocabulary import Relation
from tongban.people import store
from tongban.people.errors import KinBoundOtherwise, KinNotFound, KinRefused, PersonNotMatched
from tongban.people.model import Kin, Person

WRONG_PER_MINUTE_MAX = 5
WRONG_PER_DAY_MAX = 20

SEEN_FROM_THE_OTHER_SIDE: Final = {
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.SIBLING: Relation.SIBLING,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.MATERNAL_GRANDPARENT: Relation.DAUGHTERS_CHILD,
    Relation.DAUGHTERS_CHILD: Relation.MATERNAL_GRANDPARENT,
}
"""What I am to somebody who is this to me; its keys are the eight relations that can be bound."""

_OLDER: Final = frozenset({Relation.PARENT, Relation.GRANDPARENT, Relation.MATERNAL_GRANDPARENT})


async def match_person(
    db: Db, vault: Vault, *, name: str, id_number: str, asked_by: int, now: datetime, field: str | None = "id_number"
) -> Person:
    """The person with exactly this name and this ID number, for the person `asked_by` who typed both.

    Raises InvalidIdNumber for a number that cannot be one; PersonNotMatched, one sentence whether the number is unknown
    or the name differs; TooOften after too many that did not match, and from then on for what is right too: whoever
    tries number after number must not see which one is somebody's. What matches is not counted, so that a flow may
    check again what it has kept. A refusal is counted in the caller's transaction: show it on a page and commit, do
    not let it roll back.
    """
    number = parse_resident_id(id_number, day_of(now), field=field).number
    key = f"people.match:{asked_by}"
    await rate.limit(db, key, now=now, per_minute=WRONG_PER_MINUTE_MAX)
    await rate.limit_per_day(db, key, now=now, per_day=WRONG_PER_DAY_MAX)
    found = await store.person_by_id_number(db, vault, number)
    if found is not None and _plain(found.name) == _plain(name):
        await rate.give_back(db, key, now=now)
        return found
    await audit.record(
        db,
        now=now,
        actor=f"person:{asked_by}",
        channel="portal",
        action="people.not_matched",
        person_id=found.person_id if found else None,
    )
    raise PersonNotMatched("姓名和身份证号对不上，请对照身份证再填一次。还不行，请打参保地的电话", field=field)


async def bind_kin(
    db: Db,
    vault: Vault,
    *,
    person_id: int,
    kin: Person,
    relation: Relation,
    now: datetime,
    channel: str = "portal",
) -> Kin:
    """Keep that `kin` (from `match_person`) is this to the person; the other direction is kept with it.

    The same again gives what is there. Raises KinRefused when they cannot be that to each other, KinBoundOtherwise when
    they are bound as something else.
    """
    if relation not in SEEN_FROM_THE_OTHER_SIDE:
        raise KinRefused("只能登记近亲属，请从列出的八种关系里选一种", field="relation")
    if kin.person_id == person_id:
        raise KinRefused("这是您自己，不用登记", field="id_number")
    async with db.transaction():
        if (me := await store.person(db, vault, person_id)) is None:
            raise KinNotFound("没有找到您的参保记录，请打参保地的电话核对")
        _check_ages(me, kin, relation)
        pairs = [(person_id, kin.person_id, relation), (kin.person_id, person_id, SEEN_FROM_THE_OTHER_SIDE[relation])]
        # In one order from both sides, so that two who bind each other at the same time wait and do not lock up.
        added = await store.add_kin(db, sorted(pairs), now)
        bound = next(each for each in await store.kin_of(db, vault, person_id) if each.kin_id == kin.person_id)
        if bound.relation is not relation:
            raise KinBoundOtherwise(
                f"{kin.name}已经登记为您的{bound.relation.zh}。要改，请先解除，再重新登记", field="relation"
            )
        if added:
            for owner, other, what in pairs:
                await audit.record(
                    db,
                    now=now,
                    actor=f"person:{person_id}",
                    channel=channel,
                    action="people.kin_bound",
                    person_id=owner,
                    subject=str(other),
                    detail={"relation": what.value},
                )
    return bound


async def kin_of(db: Db, vault: Vault, person_id: int) -> list[Kin]:
    """Whom the person is bound with, first bound first."""
    return await store.kin_of(db, vault, person_id)


async def relations_of(db: Db, person_id: int) -> dict[int, Relation]:
    """What each relative bound today is to the person, with nothing decrypted."""
    return await store.relations_of(db, person_id)


async def kin_by_id(db: Db, vault: Vault, person_id: int, kin_id: int) -> Kin:
    """One of them. Raises KinNotFound for anybody else."""
    found = next((each for each in await store.kin_of(db, vault, person_id) if each.kin_id == kin_id), None)
    if found is None:
        raise KinNotFound("您的家人里没有这一位，请从“我的家人”重新选")
    return found


async def release_kin(
    db: Db, vault: Vault, *, person_id: int, kin_id: int, now: datetime, channel: str = "portal"
) -> Kin:
    """End it for both sides, whoever began it, and return what it was. Raises KinNotFound."""
    async with db.transaction():
        was = await kin_by_id(db, vault, person_id, kin_id)
        if not await store.remove_kin(db, sorted([(person_id, kin_id), (kin_id, person_id)])):
            raise KinNotFound("您的家人里没有这一位，可能对方刚刚解除了")
        for owner, other in ((person_id, kin_id), (kin_id, person_id)):
            await audit.record(
                db,
                now=now,
                actor=f"person:{person_id}",
                channel=channel,
                action="people.kin_released",
                person_id=owner,
                subject=str(other),
            )
    return was


def _check_ages(me: Person, kin: Person, relation: Relation) -> None:
    """Raises KinRefused where a parent would be the younger one."""
    if relation in _OLDER and kin.birth_date >= me.birth_date:
        raise KinRefused(f"您选的是{relation.zh}，可是{kin.name}的年纪不比您大，请再看一下关系", field="relation")
    if SEEN_FROM_THE_OTHER_SIDE[relation] in _OLDER and me.birth_date >= kin.birth_date:
        raise KinRefused(f"您选的是{relation.zh}，可是{kin.name}的年纪不比您小，请再看一下关系", field="relation")


def _plain(name: str) -> str:
    """A name without what two papers write differently: spaces and the dot inside a name."""
    return re.sub(r"[\s\u3000·•‧・．.]", "", name)
