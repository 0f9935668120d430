-- What everybody may look up: regions, agencies, institutions, diseases, catalogues. Reference tables, no person in them.
create schema directory;
grant usage on schema directory to tongban_app;

-- 统筹区. `filing_level` says how exactly a filing names this place: to the province or to the city.
create table directory.pooling_region (
  pool_code     text primary key check (pool_code ~ '^\d{6}$'),
  name          text not null,            -- 太原市
  full_name     text not null,            -- 山西省太原市
  province_code text not null,
  province_name text not null,
  filing_level  text not null check (filing_level in ('province', 'city')),
  can_file_to   boolean not null,         -- 省本级 insures people but is no place to go to
  pinyin        text not null,            -- 'taiyuan'
  initials      text not null,            -- 'ty'
  sort_key      integer not null,
  basis         text not null default '',
  note          text not null default ''
);
create index pooling_region_province on directory.pooling_region (province_code, sort_key);

-- GB/T 2260 and the zones of the statistics bureau. `pool_code` is the pooling region a place belongs to: null for a
-- province made of several, and for places outside the scheme (港 澳 台).
create table directory.division (
  code          text primary key check (code ~ '^\d{6}$'),
  name          text not null,
  level         text not null check (level in ('province', 'city', 'county')),
  parent_code   text references directory.division,
  province_code text not null,
  city_code     text,
  full_name     text not null,
  kind          text not null check (kind in ('statutory', 'virtual', 'statistical_zone', 'superseded')),
  pool_code     text references directory.pooling_region
);
create index division_parent on directory.division (parent_code);
create index division_pool on directory.division (pool_code);

create table directory.agency_phone (
  pool_code     text not null references directory.pooling_region,
  phone_no      smallint not null,
  phone         text not null,
  line_name     text not null,
  source        text not null,
  primary key (pool_code, phone_no)
);

create table directory.institution (
  institution_code text primary key check (institution_code ~ '^[HP][0-9A-Z]{11}$'),
  code_is_official boolean not null,      -- false: no public code was found; ours, made from the division
  name          text not null,
  -- Codes of the national dictionary; 12, 13 and 14 are a third-, second- and first-level hospital without a grade.
  hospital_level text not null default '' check (hospital_level in
                  ('', '01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12', '13', '14')),
  -- Highest first, unknown last: the codes themselves do not sort that way.
  level_rank    smallint not null generated always as (case hospital_level
                  when '01' then 1 when '02' then 2 when '03' then 3 when '04' then 4 when '12' then 5
                  when '05' then 6 when '06' then 7 when '07' then 8 when '13' then 9
                  when '08' then 10 when '09' then 11 when '10' then 12 when '14' then 13
                  when '11' then 14 else 15 end) stored,
  kind          text not null check (kind in ('hospital', 'pharmacy')),
  specialty     text not null default '',
  province_code text not null,
  city_code     text not null default '',
  county_code   text not null default '',
  pool_code     text not null references directory.pooling_region,
  in_county     boolean not null default false,  -- in a county or county-level city, not in a city district
  settles_inpatient  boolean not null default false,
  settles_outpatient boolean not null default false,
  address       text not null default '',
  phone         text not null default '',
  source        text not null,
  connection_source text not null default ''     -- who says that it is connected: 'demo' for demo data
);
create index institution_pool on directory.institution (pool_code, level_rank, institution_code);
create index institution_name on directory.institution using gin (name gin_trgm_ops);

create table directory.chronic_disease (
  code          text primary key,
  name          text not null,
  major_code    text not null default '',
  cross_province_disease text not null default '',  -- the name in the list of ten, empty when not on it
  is_principal  boolean not null default false,
  code_status   text not null,
  source        text not null
);

-- Drugs, services and consumables as the TREATING region lists them. `catalog_region` is a province code, or 000000
-- for what the whole nation shares; the nearer one wins.
create table directory.catalog_item (
  catalog_region text not null,
  item_code     text not null,
  kind          text not null check (kind in ('drug', 'service', 'consumable')),
  name          text not null,
  spec          text not null default '',
  catalog_class text not null check (catalog_class in ('a', 'b', 'c')),
  preselfpay_bp integer not null check (preselfpay_bp between 0 and 10000),
  price_cap_microyuan bigint check (price_cap_microyuan > 0),  -- per unit, millionths of a yuan (the wire has six decimals); null: none
  charge_kind   text not null default '14',       -- med_chrgitm_type
  is_restricted boolean not null default false,
  confidence    text not null check (confidence in ('official', 'secondary', 'illustrative')),
  source        text not null,
  valid_from    date not null default '2000-01-01',
  primary key (catalog_region, item_code)
);
create index catalog_item_name on directory.catalog_item using gin (name gin_trgm_ops);

-- What was loaded from which file, so that loading again changes nothing that is the same.
create table directory.loaded_file (
  file_name     text primary key,
  sha256        text not null,
  rows_loaded   integer not null,
  loaded_at     timestamptz not null
);

-- What other capabilities may read in their own SQL.
create view directory.v_institution as
  select institution_code, name, kind, hospital_level, in_county, pool_code, province_code, settles_inpatient, settles_outpatient
  from directory.institution;

grant select on all tables in schema directory to tongban_app;
