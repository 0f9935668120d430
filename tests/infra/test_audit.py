"""The log of who looked at whose data can be added to and not changed, whatever the web processes try."""

from datetime import UTC, datetime

import asyncpg
import pytest

from tongban.infra import audit
from tongban.infra.db import Db

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


async def test_a_line_says_who_did_what_to_whose_data(db: Db) -> None:
    await audit.record(
        db,
        now=NOW,
        actor="person:1",
        channel="portal",
        action="filing.opened",
        person_id=1,
        subject="B1",
        detail={"to": "110000"},
    )
    row = await db.fetchrow("select at, actor, channel, action, person_id, subject, detail from infra.audit")
    assert tuple(row) == (NOW, "person:1", "portal", "filing.opened", 1, "B1", {"to": "110000"})


@pytest.mark.parametrize("statement", ["delete from infra.audit", "update infra.audit set actor = ''"])
async def test_the_web_role_may_not_change_the_log(db: Db, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(statement)


async def test_the_web_role_may_not_change_the_schema(db: Db) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("create table public.mine (a integer)")
