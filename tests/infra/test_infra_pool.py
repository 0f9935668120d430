"""What one request leaves on a pooled connection never reaches the next."""

import pytest

from tongban.infra.db import create_pool


@pytest.mark.filterwarnings("ignore:Resetting connection with an active transaction")
async def test_an_open_transaction_is_rolled_back_when_its_connection_is_given_back(database_url: str) -> None:
    pool = await create_pool(database_url, size_min=1, size_max=1)
    try:
        async with pool.acquire() as db:
            await db.execute("begin")
            await db.execute("insert into infra.rate (key, slot, used) values ('left open', 1, 1)")
        async with pool.acquire() as db:
            assert not db.is_in_transaction()
            assert await db.fetchval("select count(*) from infra.rate") == 0
    finally:
        await pool.close()


async def test_a_setting_changed_for_a_transaction_does_not_outlive_it(database_url: str) -> None:
    pool = await create_pool(database_url, size_min=1, size_max=1)
    try:
        async with pool.acquire() as db:
            await db.fetchval("select set_config('work_mem', '7MB', true)")
        async with pool.acquire() as db:
            assert await db.fetchval("show work_mem") != "7MB"
    finally:
        await pool.close()
