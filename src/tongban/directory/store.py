"""SQL of the directory: reference tables that any web process may read and only a load changes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tongban.directory.model import (
    NATION,
    AgencyPhone,
    CatalogItem,
    CatalogKind,
    ChronicDisease,
    FilingLevel,
    Institution,
    InstitutionKind,
    OpenRegion,
    Region,
)
from tongban.infra.db import Db
from tongban.kernel.vocabulary import CareKind, CatalogClass, Confidence

_INSTITUTION = """institution_code, code_is_official, name, hospital_level, kind, specialty, pool_code, province_code,
  city_code, county_code, in_county, settles_inpatient, settles_outpatient, connection_source, address, phone"""

_CATALOG_ITEM = """item_code, catalog_region, kind, name, spec, catalog_class, preselfpay_bp, price_cap_microyuan,
  charge_kind, is_restricted, confidence, source, valid_from"""

# Which institutions give a kind of care with direct settlement. The chronic diseases are settled as outpatient visits.
_SETTLES = {
    CareKind.INPATIENT: "settles_inpatient",
    CareKind.OUTPATIENT: "settles_outpatient and kind = 'hospital'",
    CareKind.CHRONIC: "settles_outpatient and kind = 'hospital'",
    CareKind.PHARMACY: "settles_outpatient and kind = 'pharmacy'",
}


async def regions(db: Db) -> list[Region]:
    rows = await db.fetch(
        """select pool_code, name, full_name, province_code, province_name, filing_level, can_file_to, pinyin, initials
           from directory.pooling_region order by sort_key"""
    )
    return [
        Region(
            pool_code=row["pool_code"],
            name=row["name"],
            full_name=row["full_name"],
            province_code=row["province_code"],
            province_name=row["province_name"],
            filing_level=FilingLevel(row["filing_level"]),
            can_file_to=row["can_file_to"],
            pinyin=row["pinyin"],
            initials=row["initials"],
        )
        for row in rows
    ]


async def divisions(db: Db) -> list[tuple[str, str, str, str]]:
    """(code, name, level, pool_code) of every division that belongs to a pool."""
    rows = await db.fetch(
        "select code, name, level, pool_code from directory.division where pool_code is not null order by code"
    )
    return [tuple(row) for row in rows]


async def county_codes(db: Db, pool_code: str) -> list[str]:
    rows = await db.fetch(
        """select code from directory.division
           where pool_code = $1 and level = 'county' and kind = 'statutory' order by code""",
        pool_code,
    )
    return [row["code"] for row in rows]


async def institution(db: Db, code: str) -> Institution | None:
    row = await db.fetchrow(f"select {_INSTITUTION} from directory.institution where institution_code = $1", code)  # noqa: S608
    return _institution(row) if row else None


async def institution_names(db: Db, codes: list[str]) -> dict[str, str]:
    rows = await db.fetch(
        "select institution_code, name from directory.institution where institution_code = any($1)", codes
    )
    return {row["institution_code"]: row["name"] for row in rows}


async def institutions(
    db: Db,
    pool_code: str,
    pattern: str | None,
    care: CareKind | None,
    kind: InstitutionKind | None,
    levels: Sequence[str],
    limit: int,
    after: str,
) -> list[Institution]:
    settles = _SETTLES[care] if care else "true"
    rows = await db.fetch(
        f"""select {_INSTITUTION} from directory.institution
            where pool_code = $1 and ($2::text is null or name ilike $2) and {settles}
              and ($5::text is null or kind = $5) and ($6::text[] = '{{}}' or hospital_level = any($6))
              and ($3 = '' or (level_rank, institution_code) >
                   (select level_rank, institution_code from directory.institution where institution_code = $3))
            order by level_rank, institution_code limit $4""",  # noqa: S608
        pool_code,
        pattern,
        after,
        limit,
        kind,
        list(levels),
    )
    return [_institution(row) for row in rows]


async def institution_by_name(db: Db, pool_code: str, name: str) -> Institution | None:
    row = await db.fetchrow(
        f"select {_INSTITUTION} from directory.institution where pool_code = $1 and name = $2",  # noqa: S608
        pool_code,
        name,
    )
    return _institution(row) if row else None


async def open_regions(db: Db) -> list[OpenRegion]:
    rows = await db.fetch(
        """select pool_code, count(*) filter (where settles_inpatient) as inpatient,
                  count(*) filter (where settles_outpatient) as outpatient
           from directory.institution where settles_inpatient or settles_outpatient
           group by pool_code order by pool_code"""
    )
    return [OpenRegion(row["pool_code"], row["inpatient"], row["outpatient"]) for row in rows]


async def connect_institutions(db: Db, province_code: str, levels: Sequence[str], connection_source: str) -> int:
    """Mark as connected all institutions of the province and those of `levels` elsewhere; returns how many changed."""
    status = await db.execute(
        """update directory.institution
           set settles_inpatient = kind = 'hospital', settles_outpatient = true, connection_source = $3
           where (province_code = $1 or hospital_level = any($2)) and connection_source = ''""",
        province_code,
        list(levels),
        connection_source,
    )
    return int(status.split()[-1])


async def catalog_items(db: Db, region_province: str, codes: Sequence[str]) -> list[CatalogItem]:
    rows = await db.fetch(
        f"""select distinct on (item_code) {_CATALOG_ITEM} from directory.catalog_item
            where item_code = any($1) and catalog_region in ($2, $3)
            order by item_code, catalog_region = $2 desc""",  # noqa: S608
        list(codes),
        region_province,
        NATION,
    )
    return [_catalog_item(row) for row in rows]


# What fits is found first, by the index of the names' trigrams and the primary key, and only then put in order:
# ordered at once, a planner may walk through the whole catalogue in the hope of an early hit.
SEARCH_CATALOG = f"""
with fitting as materialized (
  select {_CATALOG_ITEM} from directory.catalog_item
  where (name ilike $1 or item_code like $2) and catalog_region in ($3, $4) and ($5::text is null or kind = $5)
)
select distinct on (item_code) * from fitting where item_code > $6
order by item_code, catalog_region = $3 desc limit $7
"""  # noqa: S608


async def search_catalog(
    db: Db, region_province: str, pattern: str, code_prefix: str, kind: CatalogKind | None, limit: int, after: str
) -> list[CatalogItem]:
    rows = await db.fetch(
        SEARCH_CATALOG,
        pattern,
        code_prefix,
        region_province,
        NATION,
        kind,
        after,
        limit,
    )
    return [_catalog_item(row) for row in rows]


async def agency_phones(db: Db, pool_code: str) -> list[AgencyPhone]:
    rows = await db.fetch(
        """select pool_code, phone, line_name, source from directory.agency_phone
           where pool_code = $1 order by phone_no""",
        pool_code,
    )
    return [AgencyPhone(row["pool_code"], row["phone"], row["line_name"], row["source"]) for row in rows]


async def phones_of(db: Db, pool_codes: Sequence[str]) -> list[AgencyPhone]:
    rows = await db.fetch(
        """select pool_code, phone, line_name, source from directory.agency_phone
           where pool_code = any($1) order by pool_code, phone_no""",
        list(pool_codes),
    )
    return [AgencyPhone(row["pool_code"], row["phone"], row["line_name"], row["source"]) for row in rows]


async def catalog_regions(db: Db) -> list[str]:
    # One step through the primary key for each region, not one for each item.
    rows = await db.fetch(
        """with recursive regions (region) as (
             select min(catalog_region) from directory.catalog_item
             union all
             select (select min(catalog_region) from directory.catalog_item where catalog_region > region)
             from regions where region is not null
           )
           select region from regions where region is not null"""
    )
    return [row["region"] for row in rows]


async def chronic_diseases(db: Db, *, cross_province_only: bool) -> list[ChronicDisease]:
    rows = await db.fetch(
        """select code, name, major_code, cross_province_disease, is_principal, code_status, source
           from directory.chronic_disease where cross_province_disease <> '' or not $1 order by code""",
        cross_province_only,
    )
    return [
        ChronicDisease(
            code=row["code"],
            name=row["name"],
            major_code=row["major_code"],
            cross_province_disease=row["cross_province_disease"],
            is_principal=row["is_principal"],
            code_status=row["code_status"],
            source=row["source"],
        )
        for row in rows
    ]


# --- loading --------------------


async def loaded_sha256(db: Db, file_name: str) -> str | None:
    found: str | None = await db.fetchval("select sha256 from directory.loaded_file where file_name = $1", file_name)
    return found


async def upsert(
    db: Db, table: str, columns: Sequence[str], key: Sequence[str], batches: Iterable[Sequence[Sequence[Any]]]
) -> int:
    """Copy `batches` of records and write those that are new or different; returns how many rows changed.

    `table`, `columns` and `key` are names from this package's own list of files, never from outside. Must run inside
    a transaction, which takes the staging table along when it fails.
    """
    names = ", ".join(columns)
    staging = f"staging_{table}"
    await db.execute(
        f"create temp table {staging} as select {names} from directory.{table} with no data"  # noqa: S608
    )
    for batch in batches:
        await db.copy_records_to_table(staging, records=batch, columns=columns)
    changed = [column for column in columns if column not in key]
    status = await db.execute(
        f"""insert into directory.{table} as old ({names}) select {names} from {staging}
            on conflict ({", ".join(key)}) do update set {", ".join(f"{name} = excluded.{name}" for name in changed)}
            where ({", ".join(f"old.{name}" for name in changed)})
                  is distinct from ({", ".join(f"excluded.{name}" for name in changed)})"""  # noqa: S608
    )
    await db.execute(f"drop table {staging}")
    return int(status.split()[-1])


async def note_loaded(db: Db, file_name: str, sha256: str, rows: int, now: datetime) -> None:
    await db.execute(
        """insert into directory.loaded_file (file_name, sha256, rows_loaded, loaded_at) values ($1, $2, $3, $4)
           on conflict (file_name) do update set sha256 = $2, rows_loaded = $3, loaded_at = $4""",
        file_name,
        sha256,
        rows,
        now,
    )


# --- rows --------------------


def _institution(row: Any) -> Institution:
    return Institution(**{**row, "kind": InstitutionKind(row["kind"])})


def _catalog_item(row: Any) -> CatalogItem:
    return CatalogItem(
        item_code=row["item_code"],
        catalog_region=row["catalog_region"],
        kind=CatalogKind(row["kind"]),
        name=row["name"],
        spec=row["spec"],
        catalog_class=CatalogClass(row["catalog_class"]),
        preselfpay_bp=row["preselfpay_bp"],
        price_cap_microyuan=row["price_cap_microyuan"],
        charge_kind=row["charge_kind"],
        is_restricted=row["is_restricted"],
        confidence=Confidence(row["confidence"]),
        source=row["source"],
        valid_from=row["valid_from"],
    )
