"""The text of every law something was settled under is kept, once, as it was."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from settlement_kit import NOW, WITHOUT_LAW, Hospital, Town

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Connection, Pool
from tongban.law import Pack


async def kept(db: Connection) -> dict[str, str]:
    return {row["version"]: row["text"] for row in await db.fetch("select * from settlement.policy_version")}


async def test_a_settlement_keeps_its_law_when_nobody_has(
    db: Connection, pack: Pack, regions: Regions, town: Town
) -> None:
    hospital = Hospital(db, pack, regions)
    request = await hospital.stay(await town.person(), 100_000)
    await hospital.preview(request)
    assert await kept(db) == {}

    await hospital.settle(request)

    assert await kept(db) == {pack.version: pack.text}


async def test_sixteen_first_settlements_at_once_keep_it_once(
    db: Connection, pack: Pack, regions: Regions, town: Town, pool: Pool
) -> None:
    hospital = Hospital(db, pack, regions)
    requests = [await hospital.stay(await town.person(), 100_000) for _ in range(16)]

    async def settle(request: settlement.SettleRequest) -> None:
        async with pool.acquire() as own:
            await hospital.on(own).settle(request)

    await asyncio.gather(*map(settle, requests))

    assert list(await kept(db)) == [pack.version]
    assert await db.fetchval(WITHOUT_LAW) == 0


async def test_a_version_is_kept_as_it_was_first_used(db: Connection, pack: Pack) -> None:
    for hours in range(3):
        await settlement.keep_version(db, pack, now=NOW + timedelta(hours=hours))

    assert await db.fetchval("select first_used_at from settlement.policy_version") == NOW


async def test_no_text_stands_under_the_name_of_another(db: Connection, owner_db: Connection, pack: Pack) -> None:
    await settlement.keep_version(db, pack, now=NOW)

    for statement in (
        "insert into settlement.policy_version values ('0123456789abcdef', '{}', now())",
        "update settlement.policy_version set text = text || ' '",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner_db.execute(statement)


async def test_the_law_is_read_back_as_it_was(hospital: Hospital, db: Connection, pack: Pack, stricter: Pack) -> None:
    await settlement.keep_version(db, stricter, now=NOW)

    found = await settlement.packs_of(db, [stricter.version, pack.version, "0123456789abcdef"], pack)

    assert set(found) == {pack.version, stricter.version}
    assert found[pack.version] is pack
    assert found[stricter.version].text == stricter.text


async def test_a_changed_law_is_kept_beside_the_first(
    hospital: Hospital, town: Town, db: Connection, pack: Pack, stricter: Pack
) -> None:
    await hospital.settle(await hospital.stay(await town.person(), 100_000))
    tomorrow = replace(hospital, pack=stricter)
    await tomorrow.settle(await tomorrow.stay(await town.person(), 100_000))

    assert await kept(db) == {pack.version: pack.text, stricter.version: stricter.text}
