"""What everybody may look up."""

import asyncio

import pytest

from tongban.directory import (
    NATION,
    CatalogKind,
    agency_phones,
    catalog_items,
    chronic_diseases,
    institution,
    open_regions,
    search_catalog,
    search_institutions,
)
from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind, CatalogClass, Confidence

SHANXI, SHANGHAI = "140000", "310000"
ANTACID = "XA02ADL183A005010301007"
CONSULTATION = "001102000010000"


# --- institutions --------------------


async def test_a_hospital_is_found_by_its_code(reader: Connection) -> None:
    found = (await search_institutions(reader, "110000", "北京协和医院"))[0]
    assert found.name == "中国医学科学院北京协和医院"
    assert (found.level_zh, found.pool_code, found.code_is_official) == ("三级甲等", "110000", False)
    assert await institution(reader, found.institution_code) == found
    assert await institution(reader, "H99999999999") is None


async def test_every_city_of_shanxi_has_hospitals_and_the_best_come_first(reader: Connection) -> None:
    for number in range(1, 12):
        found = await search_institutions(reader, f"14{number:02d}00")
        assert found
        ranks = [level.hospital_level or "99" for level in found]
        assert ranks == sorted(ranks)


async def test_pages_follow_each_other_without_gap_or_repeat(reader: Connection) -> None:
    everything = await search_institutions(reader, "140100", limit=100)
    paged, after = [], ""
    while page := await search_institutions(reader, "140100", limit=7, after=after):
        paged += page
        after = page[-1].institution_code
    assert paged == everything
    assert len(everything) > 14


async def test_a_search_reads_its_text_as_it_stands(reader: Connection) -> None:
    assert await search_institutions(reader, "140100", "%") == []
    assert await search_institutions(reader, "140100", "_" * 3) == []
    assert await search_institutions(reader, "140100", "' or true --") == []
    assert all("中心" in found.name for found in await search_institutions(reader, "140100", " 中心 "))


async def test_after_an_unknown_hospital_there_is_nothing(reader: Connection) -> None:
    assert await search_institutions(reader, "140100", after="H00000000000") == []


async def test_a_county_hospital_is_in_a_county_and_a_district_hospital_is_not(reader: Connection) -> None:
    county = (await search_institutions(reader, "140200", "阳高县人民医院"))[0]
    district = (await search_institutions(reader, "140200", "大同市第三人民医院"))[0]
    assert county.in_county
    assert not district.in_county
    # 孝义 is a city of county rank.
    assert await reader.fetchval("select bool_and(in_county) from directory.institution where county_code = '141181'")


async def test_the_demo_connects_shanxi_and_the_best_elsewhere_and_says_so(reader: Connection) -> None:
    assert await reader.fetchval(
        "select bool_and(settles_inpatient and connection_source = 'demo') from directory.institution"
        " where province_code = '140000' or hospital_level in ('01', '02')"
    )
    assert not await reader.fetchval(
        "select bool_or(settles_inpatient or settles_outpatient or connection_source <> '') from directory.institution"
        " where province_code <> '140000' and hospital_level not in ('01', '02')"
    )


async def test_a_search_for_care_leaves_out_what_is_not_connected(reader: Connection) -> None:
    everything = await search_institutions(reader, "510800", limit=100)
    connected = await search_institutions(reader, "510800", care=CareKind.INPATIENT, limit=100)
    assert {found.hospital_level for found in connected} == {"02"}
    assert len(connected) < len(everything)
    assert await search_institutions(reader, "510800", care=CareKind.PHARMACY) == []
    assert await search_institutions(reader, "510800", care=CareKind.CHRONIC, limit=100) == connected


async def test_open_regions_lead_into_their_institutions(reader: Connection) -> None:
    regions = {region.pool_code: region for region in await open_regions(reader)}
    taiyuan = await search_institutions(reader, "140100", care=CareKind.INPATIENT, limit=100)
    assert regions["140100"].inpatient_count == len(taiyuan)
    assert "149900" not in regions


# --- catalogues --------------------


async def test_the_treating_regions_own_entry_wins_over_the_nations(reader: Connection) -> None:
    at_home = (await catalog_items(reader, SHANGHAI, [ANTACID]))[ANTACID]
    elsewhere = (await catalog_items(reader, SHANXI, [ANTACID]))[ANTACID]
    assert (at_home.catalog_region, at_home.confidence) == (SHANGHAI, Confidence.SECONDARY)
    assert (elsewhere.catalog_region, elsewhere.confidence) == (NATION, Confidence.ILLUSTRATIVE)
    assert at_home.catalog_class is elsewhere.catalog_class is CatalogClass.A


async def test_many_codes_are_one_query_and_unknown_ones_are_absent(reader: Connection) -> None:
    queries: list[str] = []
    reader.add_query_logger(lambda record: queries.append(record.query))
    found = await catalog_items(reader, SHANXI, [ANTACID, CONSULTATION, "nothing", ANTACID])
    assert set(found) == {ANTACID, CONSULTATION}
    await asyncio.sleep(0)  # the logger is called at the loop's next turn
    assert len(queries) == 1


async def test_classes_and_prepaid_shares_agree(reader: Connection) -> None:
    assert not await reader.fetchval(
        "select count(*) from directory.catalog_item where (catalog_class = 'c') <> (preselfpay_bp = 10000)"
    )
    assert not await reader.fetchval(
        "select count(*) from directory.catalog_item where price_cap_microyuan is not null"
    )


async def test_services_are_there_in_every_class_and_only_as_an_illustration(reader: Connection) -> None:
    rows = await reader.fetch(
        "select catalog_class, count(*) from directory.catalog_item where kind = 'service' group by 1 order by 1"
    )
    assert [(row[0], row[1] > 20) for row in rows] == [("a", True), ("b", True), ("c", True)]
    assert await reader.fetchval(
        "select bool_and(confidence = 'illustrative') from directory.catalog_item where kind = 'service'"
    )
    bed = (await search_catalog(reader, SHANXI, "普通病房床位费"))[0]
    assert (bed.kind, bed.charge_kind, bed.catalog_class) == (CatalogKind.SERVICE, "01", CatalogClass.A)


async def test_a_catalogue_search_finds_by_name_and_by_code_once_each(reader: Connection) -> None:
    by_name = await search_catalog(reader, SHANGHAI, "铝碳酸镁")
    assert ANTACID in [item.item_code for item in by_name]
    assert len({item.item_code for item in by_name}) == len(by_name)
    assert {item.catalog_region for item in by_name} == {SHANGHAI}
    assert [item.item_code for item in await search_catalog(reader, SHANXI, ANTACID.lower())] == [ANTACID]
    assert await search_catalog(reader, SHANXI, " ") == []
    assert await search_catalog(reader, SHANXI, "床位费", CatalogKind.DRUG) == []


# --- phones and diseases --------------------


async def test_phones_come_in_the_order_in_which_the_agency_printed_them(reader: Connection) -> None:
    assert [line.phone for line in await agency_phones(reader, "140900")] == ["0350-3032386", "0350-3031029"]
    assert [line.phone for line in await agency_phones(reader, "149900")] == ["0351-4957436", "0351-7797041"]
    assert await agency_phones(reader, "110000") == []


async def test_every_city_of_shanxi_has_a_phone(reader: Connection) -> None:
    for number in range(1, 12):
        assert await agency_phones(reader, f"14{number:02d}00")


async def test_ten_diseases_are_settled_across_provinces_each_with_one_principal_code(reader: Connection) -> None:
    listed = await chronic_diseases(reader, cross_province_only=True)
    principal = [disease for disease in listed if disease.is_principal]
    assert len({disease.cross_province_disease for disease in listed}) == len(principal) == 10
    assert len(await chronic_diseases(reader)) == 57


@pytest.mark.parametrize("code", ["M07800", "M00504"])
async def test_a_neighbouring_code_is_not_taken_for_one_of_the_ten(reader: Connection, code: str) -> None:
    assert code not in [disease.code for disease in await chronic_diseases(reader, cross_province_only=True)]
