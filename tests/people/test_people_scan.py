"""The digits a phone shows: good for a minute, then only where they were read; and the card that was lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.rate import TooOften
from tongban.kernel.errors import NotFound
from tongban.people import (
    SHOWN_FOR,
    CardLost,
    CardState,
    CredentialKind,
    CredentialNotActivated,
    DemoResident,
    MedicalCodeNotIssued,
    Person,
    ScanCodeEnded,
    card_state,
    demo_residents,
    find_by_credential,
    find_presented,
    report_card_lost,
    show_code,
)
from tongban.people.scan import GOOD_AFTER_READING

pytestmark = pytest.mark.usefixtures("cast")

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HERE, ELSEWHERE = "H11010100001", "H14010100001"
INSTANT = timedelta(microseconds=1)


@pytest.fixture
async def residents(db: Connection, vault: Vault) -> dict[str, DemoResident]:
    return {resident.key: resident for resident in await demo_residents(db, vault)}


@pytest.fixture
def li(residents: dict[str, DemoResident]) -> DemoResident:
    return residents["li_jing"]


async def read(
    db: Connection, vault: Vault, number: str, now: datetime, where: str = HERE, kind: str = "medical_code"
) -> Person | None:
    return await find_presented(db, vault, CredentialKind(kind), number, institution_code=where, now=now)


async def test_digits_lead_to_their_person_for_a_minute(db: Connection, vault: Vault, li: DemoResident) -> None:
    code = await show_code(db, vault, li.person_id, NOW)
    assert len(code.number) == 20
    assert code.number.isdecimal()
    assert code.until == NOW + SHOWN_FOR
    assert timedelta(seconds=60) >= SHOWN_FOR
    found = await read(db, vault, code.number, NOW + SHOWN_FOR - INSTANT)
    assert found is not None
    assert found.person_id == li.person_id
    late = await show_code(db, vault, li.person_id, NOW)
    with pytest.raises(ScanCodeEnded, match="过了时间，请患者"):
        await read(db, vault, late.number, NOW + SHOWN_FOR)
    assert await read(db, vault, "0" * 20, NOW) is None
    assert await read(db, vault, code.number, NOW, kind="card") is None


async def test_digits_typed_in_groups_are_taken(db: Connection, vault: Vault, li: DemoResident) -> None:
    number = (await show_code(db, vault, li.person_id, NOW)).number
    typed = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    found = await read(db, vault, typed, NOW)
    assert found is not None
    assert found.person_id == li.person_id


async def test_read_in_time_they_stay_good_there_and_nowhere_else(
    db: Connection, vault: Vault, li: DemoResident
) -> None:
    code = await show_code(db, vault, li.person_id, NOW)
    await read(db, vault, code.number, NOW)
    with pytest.raises(ScanCodeEnded, match="别的医院"):
        await read(db, vault, code.number, NOW, ELSEWHERE)
    assert await read(db, vault, code.number, NOW + GOOD_AFTER_READING - INSTANT) is not None
    with pytest.raises(ScanCodeEnded, match="过了时间"):
        await read(db, vault, code.number, NOW + GOOD_AFTER_READING)


async def test_of_many_counters_at_once_one_gets_them(
    db: Connection, database_url: str, vault: Vault, li: DemoResident
) -> None:
    code = await show_code(db, vault, li.person_id, NOW)

    async def at(counter: int) -> bool:
        async with connected(database_url) as own:
            try:
                return await read(own, vault, code.number, NOW, f"H{counter:011d}") is not None
            except ScanCodeEnded:
                return False

    assert sum(await asyncio.gather(*(at(counter) for counter in range(8)))) == 1


async def test_new_digits_leave_the_old_ones_their_minute(db: Connection, vault: Vault, li: DemoResident) -> None:
    first = await show_code(db, vault, li.person_id, NOW)
    second = await show_code(db, vault, li.person_id, NOW + timedelta(seconds=45))
    assert first.number != second.number
    now = NOW + timedelta(seconds=50)
    assert await read(db, vault, first.number, now) == await read(db, vault, second.number, now)


async def test_nothing_of_them_stands_in_the_database(
    db: Connection, owner_db: Connection, vault: Vault, li: DemoResident
) -> None:
    code = await show_code(db, vault, li.person_id, NOW)
    row = await owner_db.fetchval("select t::text from people.scan_code t")
    assert code.number not in row
    assert code.number.encode().hex() not in row
    stranger = Vault({1: bytes(range(1, 33))}, bytes(range(33, 65)))
    assert await read(db, stranger, code.number, NOW) is None
    await show_code(db, vault, li.person_id, NOW + timedelta(days=2))
    assert await db.fetchval("select count(*) from people.scan_code") == 1


async def test_without_an_active_code_there_is_nothing_to_show_or_to_read(
    db: Connection, owner_db: Connection, vault: Vault, residents: dict[str, DemoResident], li: DemoResident
) -> None:
    with pytest.raises(MedicalCodeNotIssued, match="先激活"):
        await show_code(db, vault, residents["zhao_yumei"].person_id, NOW)
    code = await show_code(db, vault, li.person_id, NOW)
    await owner_db.execute(
        "update people.credential set state = 'lost' where person_id = $1 and kind = 'medical_code'", li.person_id
    )
    with pytest.raises(CredentialNotActivated, match="现在不能用"):
        await read(db, vault, code.number, NOW)


async def test_asking_without_end_is_stopped(db: Connection, vault: Vault, li: DemoResident) -> None:
    for _ in range(30):
        await show_code(db, vault, li.person_id, NOW)
    with pytest.raises(TooOften):
        await show_code(db, vault, li.person_id, NOW)


async def test_the_medical_code_itself_goes_on_working(db: Connection, vault: Vault, li: DemoResident) -> None:
    for where in (HERE, ELSEWHERE):
        found = await read(db, vault, li.medical_code, NOW, where)
        assert found is not None
        assert found.person_id == li.person_id


# --- the card --------------------


async def test_a_card_reported_lost_is_refused_and_the_code_goes_on(
    db: Connection, vault: Vault, li: DemoResident
) -> None:
    assert await card_state(db, li.person_id) is CardState.ACTIVE
    assert [await report_card_lost(db, li.person_id, NOW) for _ in range(2)] == [True, False]
    assert await card_state(db, li.person_id) is CardState.LOST
    with pytest.raises(CardLost, match="可以出示医保码"):
        await find_by_credential(db, vault, CredentialKind.CARD, li.card_number)
    assert await read(db, vault, (await show_code(db, vault, li.person_id, NOW)).number, NOW) is not None
    rows = await db.fetch("select actor, action from infra.audit where action = 'people.card_lost'")
    assert [tuple(row) for row in rows] == [(f"person:{li.person_id}", "people.card_lost")]


async def test_without_a_card_there_is_nothing_to_report(db: Connection) -> None:
    with pytest.raises(NotFound, match="没有查到您的社保卡"):
        await report_card_lost(db, 999_999_999_999_999, NOW)
