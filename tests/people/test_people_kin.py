"""Finding a relative by name and ID number, binding once for both sides, ending it from either."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.rate import TooOften
from tongban.kernel.identifiers import InvalidIdNumber
from tongban.kernel.vocabulary import Relation
from tongban.people import (
    SEEN_FROM_THE_OTHER_SIDE,
    DemoResident,
    KinBoundOtherwise,
    KinNotFound,
    KinRefused,
    Person,
    PersonNotMatched,
    bind_kin,
    demo_residents,
    get_person,
    kin_by_id,
    kin_of,
    match_person,
    release_kin,
)
from tongban.people.kin import WRONG_PER_DAY_MAX, WRONG_PER_MINUTE_MAX

pytestmark = pytest.mark.usefixtures("cast")

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
UNKNOWN_NUMBER = "11010519491231002X"


@pytest.fixture
async def residents(db: Connection, vault: Vault) -> dict[str, DemoResident]:
    return {resident.key: resident for resident in await demo_residents(db, vault)}


@pytest.fixture
async def liu(db: Connection, vault: Vault, residents: dict[str, DemoResident]) -> Person:
    """Born 1983, bound with nobody."""
    return await get_person(db, vault, residents["liu_zhiqiang"].person_id)


@pytest.fixture
async def zhang(db: Connection, vault: Vault, residents: dict[str, DemoResident]) -> Person:
    """Born 1958, bound with nobody."""
    return await get_person(db, vault, residents["zhang_jianguo"].person_id)


# --- who is meant --------------------


@pytest.mark.parametrize("name", ["张建国", " 张 建国 ", "张·建国"])
async def test_name_and_number_together_find_a_person(
    db: Connection, vault: Vault, liu: Person, zhang: Person, name: str
) -> None:
    number = f"{zhang.id_number[:6]} {zhang.id_number[6:]}".lower()
    assert await match_person(db, vault, name=name, id_number=number, asked_by=liu.person_id, now=NOW) == zhang


async def test_a_wrong_name_and_an_unknown_number_get_the_same_sentence(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    told = set()
    for name, number in (("张建华", zhang.id_number), ("张建国", UNKNOWN_NUMBER), ("", zhang.id_number)):
        with pytest.raises(PersonNotMatched) as refusal:
            await match_person(db, vault, name=name, id_number=number, asked_by=liu.person_id, now=NOW)
        told.add((refusal.value.sentence, refusal.value.field))
    assert len(told) == 1
    sentence, _ = told.pop()
    assert zhang.id_number not in sentence
    assert "建国" not in sentence


async def test_a_number_that_cannot_be_one_is_said_to_be_wrong_and_not_counted(
    db: Connection, vault: Vault, liu: Person
) -> None:
    for _ in range(WRONG_PER_MINUTE_MAX + 1):
        with pytest.raises(InvalidIdNumber, match="校验位"):
            await match_person(
                db, vault, name="张建国", id_number="110105194912310021", asked_by=liu.person_id, now=NOW
            )


async def test_guessing_is_stopped_by_the_minute_and_by_the_day(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    async def guess(now: datetime) -> None:
        await match_person(db, vault, name="不对", id_number=zhang.id_number, asked_by=liu.person_id, now=now)

    tries = 0
    for minute in range(WRONG_PER_DAY_MAX // WRONG_PER_MINUTE_MAX):
        now = NOW + timedelta(minutes=minute)
        for _ in range(WRONG_PER_MINUTE_MAX):
            with pytest.raises(PersonNotMatched):
                await guess(now)
            tries += 1
        with pytest.raises(TooOften, match="过一分钟"):
            await guess(now)
    assert tries == WRONG_PER_DAY_MAX
    with pytest.raises(TooOften, match="明天"):
        await guess(NOW + timedelta(hours=1))
    # Not even by being right is anything learned now; another person is not held up.
    now, number = NOW + timedelta(hours=1), zhang.id_number
    with pytest.raises(TooOften):
        await match_person(db, vault, name="张建国", id_number=number, asked_by=liu.person_id, now=now)
    with pytest.raises(PersonNotMatched):
        await match_person(db, vault, name="不对", id_number=zhang.id_number, asked_by=zhang.person_id, now=NOW)
    with pytest.raises(PersonNotMatched):
        await guess(NOW + timedelta(days=1))


async def test_what_is_right_may_be_asked_again_and_again(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    for _ in range(WRONG_PER_DAY_MAX + 1):
        number = zhang.id_number
        assert await match_person(db, vault, name="张建国", id_number=number, asked_by=liu.person_id, now=NOW) == zhang
    with pytest.raises(PersonNotMatched):
        await match_person(db, vault, name="不对", id_number=zhang.id_number, asked_by=liu.person_id, now=NOW)


async def test_guesses_sent_all_at_once_are_stopped_like_one_after_the_other(
    database_url: str, vault: Vault, liu: Person, zhang: Person
) -> None:
    async def guess(name: str) -> str:
        async with connected(database_url) as own:
            try:
                await match_person(own, vault, name=name, id_number=zhang.id_number, asked_by=liu.person_id, now=NOW)
            except (PersonNotMatched, TooOften) as refusal:
                return refusal.code
            return "found"

    told = await asyncio.gather(*(guess(f"张{each}") for each in range(12)))
    assert sorted(told) == ["person_not_matched"] * WRONG_PER_MINUTE_MAX + ["too_often"] * (12 - WRONG_PER_MINUTE_MAX)
    assert await guess("张建国") == "too_often"


async def test_who_was_asked_about_is_in_the_log_without_what_was_typed(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    with pytest.raises(PersonNotMatched):
        await match_person(db, vault, name="不对", id_number=zhang.id_number, asked_by=liu.person_id, now=NOW)
    rows = await db.fetch("select actor, action, person_id, subject, detail::text from infra.audit")
    assert [tuple(row) for row in rows] == [
        (f"person:{liu.person_id}", "people.not_matched", zhang.person_id, "", "{}")
    ]


# --- bound once, for both --------------------


@pytest.mark.parametrize("relation", sorted(SEEN_FROM_THE_OTHER_SIDE))
async def test_both_sides_see_what_the_other_is_to_them(
    db: Connection, vault: Vault, liu: Person, zhang: Person, relation: Relation
) -> None:
    older_is = {Relation.CHILD, Relation.GRANDCHILD, Relation.DAUGHTERS_CHILD}
    me, other = (zhang, liu) if relation in older_is else (liu, zhang)
    bound = await bind_kin(db, vault, person_id=me.person_id, kin=other, relation=relation, now=NOW)
    assert (bound.kin_id, bound.name, bound.masked_id, bound.relation, bound.bound_at) == (
        other.person_id,
        other.name,
        other.masked_id,
        relation,
        NOW,
    )
    assert await kin_of(db, vault, me.person_id) == [bound]
    (back,) = await kin_of(db, vault, other.person_id)
    assert (back.kin_id, back.relation) == (me.person_id, SEEN_FROM_THE_OTHER_SIDE[relation])
    assert SEEN_FROM_THE_OTHER_SIDE[back.relation] is relation


async def test_binding_again_changes_nothing_and_another_relation_is_refused(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    first = await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.PARENT, now=NOW)
    later = NOW + timedelta(days=1)
    assert await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.PARENT, now=later) == first
    await bind_kin(db, vault, person_id=zhang.person_id, kin=liu, relation=Relation.CHILD, now=later)
    with pytest.raises(KinBoundOtherwise, match="已经登记为您的父母"):
        await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.GRANDPARENT, now=later)
    with pytest.raises(KinBoundOtherwise):
        await bind_kin(db, vault, person_id=zhang.person_id, kin=liu, relation=Relation.SPOUSE, now=later)
    rows = await db.fetch("select action, person_id from infra.audit order by audit_id")
    assert [tuple(row) for row in rows] == [
        ("people.kin_bound", liu.person_id),
        ("people.kin_bound", zhang.person_id),
    ]


async def test_nobody_is_bound_with_himself_or_as_anything_else(
    db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    with pytest.raises(KinRefused, match="您自己"):
        await bind_kin(db, vault, person_id=liu.person_id, kin=liu, relation=Relation.SIBLING, now=NOW)
    with pytest.raises(KinRefused, match="近亲属"):
        await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.OTHER, now=NOW)
    for relation in (Relation.CHILD, Relation.GRANDCHILD, Relation.DAUGHTERS_CHILD):
        with pytest.raises(KinRefused, match="年纪不比您小"):
            await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=relation, now=NOW)
    for relation in (Relation.PARENT, Relation.GRANDPARENT, Relation.MATERNAL_GRANDPARENT):
        with pytest.raises(KinRefused, match="年纪不比您大"):
            await bind_kin(db, vault, person_id=zhang.person_id, kin=liu, relation=relation, now=NOW)
    assert await kin_of(db, vault, liu.person_id) == []


@pytest.mark.parametrize("who_ends", ["liu", "zhang"])
async def test_either_side_ends_it_for_both(
    db: Connection, vault: Vault, liu: Person, zhang: Person, who_ends: str
) -> None:
    await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.SIBLING, now=NOW)
    me, other = (liu, zhang) if who_ends == "liu" else (zhang, liu)
    was = await release_kin(db, vault, person_id=me.person_id, kin_id=other.person_id, now=NOW)
    assert was.kin_id == other.person_id
    assert await kin_of(db, vault, liu.person_id) == await kin_of(db, vault, zhang.person_id) == []
    with pytest.raises(KinNotFound):
        await release_kin(db, vault, person_id=me.person_id, kin_id=other.person_id, now=NOW)
    await bind_kin(db, vault, person_id=liu.person_id, kin=zhang, relation=Relation.PARENT, now=NOW)


async def test_somebody_elses_relative_is_not_ones_own(
    db: Connection, vault: Vault, residents: dict[str, DemoResident], liu: Person
) -> None:
    wang, li = residents["wang_xiuying"], residents["li_jing"]
    for kin_id in (wang.person_id, liu.person_id, 999_999_999_999_999):
        with pytest.raises(KinNotFound):
            await kin_by_id(db, vault, liu.person_id, kin_id)
        with pytest.raises(KinNotFound):
            await release_kin(db, vault, person_id=liu.person_id, kin_id=kin_id, now=NOW)
    assert [kin.kin_id for kin in await kin_of(db, vault, wang.person_id)] == [li.person_id]


async def test_two_who_bind_each_other_at_once_are_bound_once(
    database_url: str, db: Connection, vault: Vault, liu: Person, zhang: Person
) -> None:
    async def bind(me: Person, other: Person, relation: Relation) -> str:
        async with connected(database_url) as own:
            try:
                await bind_kin(own, vault, person_id=me.person_id, kin=other, relation=relation, now=NOW)
            except KinBoundOtherwise:
                return "refused"
            return "bound"

    agreed = [bind(liu, zhang, Relation.PARENT) for _ in range(4)] + [
        bind(zhang, liu, Relation.CHILD) for _ in range(4)
    ]
    assert set(await asyncio.gather(*agreed)) == {"bound"}
    await release_kin(db, vault, person_id=liu.person_id, kin_id=zhang.person_id, now=NOW)
    differing = [bind(liu, zhang, Relation.PARENT), bind(zhang, liu, Relation.SIBLING)]
    assert sorted(await asyncio.gather(*differing)) == ["bound", "refused"]
    assert await db.fetchval("select count(*) from people.kin where person_id = $1", liu.person_id) == 1
    assert await db.fetchval("select count(*) from infra.audit where action = 'people.kin_bound'") == 4


async def test_a_web_process_may_bind_and_release_but_not_rewrite_kin(db: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("update people.kin set relation = 'spouse'")
