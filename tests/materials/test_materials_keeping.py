"""Nothing younger than two years can be deleted, by anybody; what is older goes whole, and only that."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from materials_kit import LI, WANG, Desk

from tongban import drafts, materials
from tongban.infra.clock import day_of
from tongban.infra.db import Connection, connected
from tongban.kernel.dates import add_months

OLD = timedelta(days=800)


async def purge(desk: Desk) -> materials.Purged:
    return await materials.purge(desk.db, desk.vault, desk.files, actor="operator:test", now=desk.now)


async def test_a_purge_takes_what_was_kept_long_enough_and_nothing_else(desk: Desk) -> None:
    old = await desk.accept("旧", now=desk.now - OLD)
    young = await desk.accept("新")
    await desk.attach("B1", old.number, now=desk.now - OLD)
    await desk.attach("B2", young.number)
    [due] = await materials.due(desk.db, now=desk.now)
    assert (due.material_serial, due.kept_until) == (
        old.material_serial,
        add_months(day_of(desk.now - OLD), 24),
    )
    done = await purge(desk)
    assert (done.materials, done.objects, done.staying) == (1, 2, 1)
    assert await desk.read(young.number)
    with pytest.raises(materials.MaterialNotFound):
        await desk.read(old.number)
    assert len(desk.objects()) == 2
    assert await materials.of_subject(desk.db, WANG, "B1") == []
    purged = await desk.db.fetchrow("select actor, subject from infra.audit where action = 'material.purged'")
    assert tuple(purged) == ("operator:test", old.number)
    assert await purge(desk) == materials.Purged(0, 0, 1)


async def test_two_years_to_the_day(desk: Desk) -> None:
    """On the last day of its retention it stays; on the day after it goes."""
    for days, text in ((0, "最后一天"), (1, "过了一天")):
        began = add_months(day_of(desk.now), -24) - timedelta(days=days)
        moment = desk.now - (day_of(desk.now) - began)
        kept = await desk.accept(text, now=moment)
        await desk.attach(f"B{days}", kept.number, now=moment)
    assert (await purge(desk)).materials == 1
    [left] = await materials.of_subject(desk.db, WANG, "B0")
    assert left.keep_until == day_of(desk.now)


async def test_closing_counts_anew(desk: Desk) -> None:
    kept = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", kept.number, now=desk.now - OLD)
    await materials.close(desk.db, person_id=WANG, subject="B1", now=desk.now - timedelta(days=300))
    assert await materials.due(desk.db, now=desk.now) == []
    assert (await purge(desk)).materials == 0


async def test_an_object_stays_while_anything_shows_it(desk: Desk) -> None:
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)
    other = await desk.accept(kind=materials.MaterialKind.PROXY_ID_FRONT)
    assert await purge(desk) == materials.Purged(1, 0, 0)
    assert await desk.read(other.number)


async def test_a_picture_used_again_is_kept_for_the_later_matter(desk: Desk) -> None:
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)
    await desk.attach("B2", old.number)
    assert await materials.due(desk.db, now=desk.now) == []


async def test_loose_pictures_go_after_thirty_days_unless_a_draft_holds_them(desk: Desk) -> None:
    then = desk.now - timedelta(days=31)
    loose, held, fresh = await desk.accept("散", now=then), await desk.accept("稿", now=then), await desk.accept("新")
    draft = await drafts.start(desk.db, desk.vault, person_id=WANG, flow="filing", now=desk.now)
    await drafts.save_paper(
        desk.db, desk.vault, person_id=WANG, draft_id=draft.draft_id, slot="id", material_number=held.number,
        now=desk.now,
    )  # fmt: skip
    assert (await purge(desk)).materials == 1
    with pytest.raises(materials.MaterialNotFound):
        await desk.read(loose.number)
    assert await desk.read(held.number)
    assert await desk.read(fresh.number)
    # Once the draft is gone, so is what it held.
    await drafts.discard(desk.db, person_id=WANG, draft_id=draft.draft_id)
    assert (await purge(desk)).materials == 1


async def test_what_somebody_is_about_to_hand_in_again_stays(desk: Desk) -> None:
    """Offered again on the last day of its retention, it must still be there when the draft is handed in."""
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)
    draft = await drafts.start(desk.db, desk.vault, person_id=WANG, flow="filing", now=desk.now)
    await drafts.save_paper(
        desk.db, desk.vault, person_id=WANG, draft_id=draft.draft_id, slot="id", material_number=old.number,
        now=desk.now,
    )  # fmt: skip
    assert (await purge(desk)).materials == 0
    await desk.attach("B2", old.number)
    assert await desk.read(old.number)


async def test_handed_in_while_it_is_being_purged_it_stays(desk: Desk, database_url: str) -> None:
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)
    async with connected(database_url) as other:
        in_use = other.transaction()
        await in_use.start()
        await materials.attach(other, person_id=WANG, numbers=[old.number], subject="B2", now=desk.now)
        purging = asyncio.create_task(purge(desk))
        await asyncio.sleep(0.3)
        assert not purging.done()
        await in_use.commit()
        assert (await purging).materials == 0
    assert await desk.read(old.number)


async def test_purged_while_it_is_handed_in_the_person_hears_of_it(desk: Desk, database_url: str) -> None:
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)
    async with connected(database_url) as other:
        purging = desk.db.transaction()
        await purging.start()
        await purge(desk)
        handing_in = asyncio.create_task(
            materials.attach(other, person_id=WANG, numbers=[old.number], subject="B2", now=desk.now)
        )
        await asyncio.sleep(0.3)
        await purging.commit()
        with pytest.raises(materials.MaterialNotFound):
            await handing_in
    assert await materials.of_subject(desk.db, WANG, "B2") == []


async def test_a_purge_stopped_between_object_and_row_is_ended_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await desk.accept(now=desk.now - OLD)
    await desk.attach("B1", old.number, now=desk.now - OLD)

    class Killed(BaseException):
        pass

    async def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("tongban.materials.keeping.audit.record", killed)
        with pytest.raises(Killed):
            await purge(desk)
    # The objects are gone, the row came back: said, and put right.
    assert desk.objects() == set()
    assert len([fault async for fault in materials.check(desk.db, desk.vault, desk.files)]) == 2
    assert (await purge(desk)).materials == 1
    assert [fault async for fault in materials.check(desk.db, desk.vault, desk.files)] == []


async def test_an_object_sent_again_since_it_was_nobodys_stays(desk: Desk, database_url: str) -> None:
    kept = await desk.accept("一")
    names = sorted(desk.objects())
    await desk.files.put("ab" * 32, b"nobody's")
    assert await materials.remove_strays(desk.db, desk.vault, desk.files, [*names, "ab" * 32], since=desk.now) == 1
    assert await desk.read(kept.number)
    # Nor is one taken whose row is only about to be written.
    async with connected(database_url) as other:
        sending = other.transaction()
        await sending.start()
        desk_of_other = Desk(other, desk.vault, desk.files, desk.now)
        late = await desk_of_other.accept("二", person_id=LI, uploaded_by=LI)
        strays = sorted(desk.objects() - set(names))
        removing = asyncio.create_task(materials.remove_strays(desk.db, desk.vault, desk.files, strays, since=desk.now))
        await asyncio.sleep(0.3)
        assert not removing.done()
        await sending.commit()
        assert await removing == 0
    assert await desk.read(late.number, viewer_id=LI)


@pytest.mark.parametrize(
    "attack",
    [
        "delete from materials.material",
        "delete from materials.attachment",
        "update materials.material set keep_until = '2000-01-01'",
        "update materials.material set keep_until = null",
        "update materials.attachment set keep_until = '2000-01-01'",
        "update materials.attachment set closed_at = attached_at, keep_until = (attached_at)::date + 700",
        "truncate materials.material cascade",
        "truncate materials.attachment",
        "insert into materials.attachment values (1001, 'B9', 1001, 1, now(), null, now()::date + 729)",
        "set session_replication_role = replica; delete from materials.material",
    ],
)
async def test_the_database_refuses_to_lose_what_is_younger(desk: Desk, attack: str) -> None:
    kept = await desk.accept()
    await desk.attach("B1", kept.number)
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.InsufficientPrivilegeError)):
        await desk.db.execute(attack)
    assert await desk.read(kept.number)


@pytest.mark.parametrize(
    "attack",
    [
        "delete from materials.material",
        "truncate materials.material, materials.attachment, materials.proposal",
        "update materials.material set keep_until = '2000-01-01'",
        "delete from materials.attachment",
    ],
)
async def test_so_it_does_for_its_owner(desk: Desk, owner_db: Connection, attack: str) -> None:
    kept = await desk.accept()
    await desk.attach("B1", kept.number)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner_db.execute(attack)


async def test_what_was_handed_in_stays_though_its_own_row_says_otherwise(desk: Desk) -> None:
    kept = await desk.accept(now=desk.now - OLD)
    await desk.db.execute("update materials.material set keep_until = '2000-01-01'")
    await desk.db.execute(
        "insert into materials.attachment values (1001, 'B9', 1001, $1, now(), null, now()::date + 1100)",
        kept.material_serial,
    )
    with pytest.raises(asyncpg.CheckViolationError, match="was handed in"):
        await desk.db.execute("delete from materials.material")


async def test_a_wrong_clock_of_the_program_deletes_nothing(desk: Desk) -> None:
    kept = await desk.accept()
    await desk.attach("B1", kept.number)
    desk.now += timedelta(days=3000)
    with pytest.raises(asyncpg.CheckViolationError):
        await purge(desk)
    desk.now -= timedelta(days=3000)
    assert await desk.read(kept.number)


async def test_a_check_finds_what_is_lost_altered_or_nobodys(desk: Desk) -> None:
    async def found() -> list[materials.Fault]:
        return [fault async for fault in materials.check(desk.db, desk.vault, desk.files)]

    kept, other = await desk.accept("一"), await desk.accept("二", person_id=LI, uploaded_by=LI)
    assert (await found(), await materials.count(desk.db)) == ([], 2)
    [page] = [path for path in desk.files._root.glob("*/*") if path.stat().st_size == _largest(desk)]
    content = page.read_bytes()
    page.write_bytes(content[:-1] + b"\0")
    [fault] = await found()
    assert fault.number in (kept.number, other.number)
    page.unlink()
    assert ["不在存储里" in fault.sentence for fault in await found()] == [True]
    page.write_bytes(content)
    assert await found() == []
    await desk.files.put("ab" * 32, b"nobody's")
    assert await materials.strays(desk.db, desk.vault, desk.files, now=desk.now) == []
    assert await materials.strays(desk.db, desk.vault, desk.files, now=desk.now + timedelta(days=2)) == ["ab" * 32]


def _largest(desk: Desk) -> int:
    return max(path.stat().st_size for path in desk.files._root.glob("*/*"))
