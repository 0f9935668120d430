"""A catalogue of the size a real province has is searched by its indexes, and read page by page."""

from typing import Any

import pytest

from tongban.directory import CatalogKind, catalog_regions, phones_of, search_catalog, search_institutions
from tongban.directory.store import SEARCH_CATALOG
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind

ITEMS = 120_000
SHANXI, NATION = "140000", "000000"


@pytest.fixture
async def large(owner_db: Connection, db: Connection) -> Connection:
    """A connection of a web process to a catalogue of `ITEMS` made-up items, ten of them aspirin."""
    await owner_db.execute(
        f"""insert into directory.catalog_item (catalog_region, item_code, kind, name, catalog_class, preselfpay_bp,
                                                confidence, source)
            select case when n % 2 = 0 then '{SHANXI}' else '{NATION}' end, 'X' || lpad(n::text, 9, '0'),
                   case when n % 3 = 0 then 'service' else 'drug' end,
                   case when n % 12000 = 1 then '阿司匹林肠溶片 ' else '' end
                     || (array['感冒清热颗粒','复方丹参滴丸','头孢克肟胶囊','注射用青霉素'])[1 + n % 4] || md5(n::text),
                   'a', 0, 'illustrative', 'made up'
            from generate_series(1, {ITEMS}) n"""
    )
    await owner_db.execute("analyze directory.catalog_item")
    return db


def nodes(plan: list[Any]) -> str:
    return "\n".join(row[0] for row in plan)


async def test_names_and_codes_are_looked_up_by_their_indexes(large: Connection) -> None:
    async def plan(name: str, code: str) -> str:
        return nodes(await large.fetch("explain " + SEARCH_CATALOG, name, code, SHANXI, NATION, None, "", 21))

    for name, code in (("%阿司匹林%", "阿司匹林%"), ("%X000012%", "X000012%")):
        found = await plan(name, code)
        assert "Bitmap Index Scan on catalog_item_name" in found, found
        assert "Bitmap Index Scan on catalog_item_pkey" in found, found
        assert "Seq Scan" not in found, found
    assert len(await search_catalog(large, SHANXI, "阿司匹林", limit=100)) == 10
    assert [item.item_code for item in await search_catalog(large, SHANXI, "x000000007")] == ["X000000007"]


async def test_the_test_above_can_fail(large: Connection, owner_db: Connection) -> None:
    await owner_db.execute("drop index directory.catalog_item_name")
    found = nodes(
        await large.fetch("explain " + SEARCH_CATALOG, "%阿司匹林%", "阿司匹林%", SHANXI, NATION, None, "", 21)
    )
    assert "Seq Scan" in found


async def test_pages_of_a_search_follow_each_other(large: Connection) -> None:
    everything = await search_catalog(large, SHANXI, "X0000001", limit=100)
    paged, after = [], ""
    while page := await search_catalog(large, SHANXI, "X0000001", limit=30, after=after):
        paged += page
        after = page[-1].item_code
    assert paged[:100] == everything
    assert len(paged) == 100
    drugs = await search_catalog(large, SHANXI, "X0000001", CatalogKind.DRUG, limit=100)
    assert 0 < len(drugs) < 100


async def test_which_provinces_have_a_catalogue(large: Connection) -> None:
    assert await catalog_regions(large) == [NATION, SHANXI]


async def test_without_a_catalogue_there_is_none(db: Connection) -> None:
    assert await catalog_regions(db) == []


async def test_institutions_by_level_kind_and_care(reader: Connection) -> None:
    best = await search_institutions(reader, "140100", levels=("01", "02"), limit=100)
    assert {found.hospital_level for found in best} <= {"01", "02"}
    assert best
    hospitals = await search_institutions(reader, "140100", care=CareKind.INPATIENT, limit=100)
    assert all(found.settles_inpatient for found in hospitals)
    assert await search_institutions(reader, "140100", care=CareKind.PHARMACY) == []


async def test_phones_of_many_regions_come_in_one_query(reader: Connection) -> None:
    found = await phones_of(reader, ["140900", "149900", "110000"])
    assert {code: [line.phone for line in lines] for code, lines in found.items()} == {
        "140900": ["0350-3032386", "0350-3031029"],
        "149900": ["0351-4957436", "0351-7797041"],
    }
