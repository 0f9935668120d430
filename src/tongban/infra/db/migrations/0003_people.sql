create schema people;
grant usage on schema people to tongban_app;

-- person_id is random, fifteen digits: it is carried inside outside numbers and must not tell how many there are.
create table people.person (
  person_id     bigint primary key check (person_id between 100000000000000 and 999999999999999),
  name          text not null check (name <> ''),
  is_male       boolean not null,
  birth_date    date not null,
  id_number_enc bytea not null,
  phone_enc     bytea,
  is_demo       boolean not null default false
);

-- From the keyed hash of an ID number to the person.
create table people.id_number_index (
  id_number_hash bytea primary key,
  person_id     bigint not null
);
comment on table people.id_number_index is 'lookup: by the keyed hash of the ID number';

create table people.enrollment (
  person_id     bigint not null references people.person,
  enrollment_no smallint not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  category      text not null check (category in ('active', 'retired', 'minor', 'adult', 'elder')),
  pool_code     text not null,
  employer_name text not null default '',
  valid_from    date not null,
  valid_to      date check (valid_to >= valid_from),         -- null: until further notice; the last day counts
  payment_state text not null check (payment_state in ('paid', 'arrears', 'stopped')),
  primary key (person_id, enrollment_no),
  -- Nobody is insured twice under one type on one day.
  exclude using gist (person_id with =, insurance_type with =, daterange(valid_from, valid_to, '[]') with &&),
  check (insurance_type = 'employee' and category in ('active', 'retired')
      or insurance_type = 'resident' and category in ('minor', 'adult', 'elder'))
);

-- 医保码 and the social-security card.
create table people.credential (
  person_id     bigint not null references people.person,
  kind          text not null check (kind in ('medical_code', 'card')),
  state         text not null check (state in ('inactive', 'active', 'lost')),
  number_hash   bytea,          -- keyed hash of token or card number
  changed_at    timestamptz not null,
  primary key (person_id, kind)
);
-- Numbers stay here after they are replaced, so that an old card is known for what it is.
create table people.credential_index (
  number_hash   bytea primary key,
  person_id     bigint not null,
  kind          text not null check (kind in ('medical_code', 'card'))
);
comment on table people.credential_index is 'lookup: by the keyed hash of a token or card number';

-- Kin are bound once: `relation` says what `kin_id` is to `person_id`. Both directions are two rows.
create table people.kin (
  person_id     bigint not null references people.person,
  kin_id        bigint not null,
  relation      text not null check (relation in ('spouse', 'parent', 'child', 'sibling', 'grandparent',
                  'maternal_grandparent', 'grandchild', 'daughters_child')),
  bound_at      timestamptz not null,
  primary key (person_id, kin_id),
  check (person_id <> kin_id)
);

-- What a person's phone shows a hospital's scanner instead of the medical code itself: good for a minute, and then only
-- at the hospital that read it in time.
create table people.scan_code (
  number_hash   bytea primary key,          -- keyed hash of the digits in the picture
  person_id     bigint not null,
  until         timestamptz not null,
  read_by       text not null default '',   -- the institution that read it first
  read_at       timestamptz,
  check ((read_by = '') = (read_at is null))
);
comment on table people.scan_code is 'lookup: by the keyed hash of the digits a scanner reads';
create index scan_code_until on people.scan_code (until);

-- Every text that people agreed to, word for word.
create table people.consent_text (
  text_version  text primary key check (text_version <> ''),
  text          text not null check (text <> ''),
  first_used_at timestamptz not null
);

-- The consent given at the first sign-in: to which text, when, and when it was taken back.
create table people.consent (
  person_id     bigint not null references people.person,
  text_version  text not null,                 -- its words are in consent_text
  agreed_at     timestamptz not null,
  channel       text not null,
  withdrawn_at  timestamptz check (withdrawn_at >= agreed_at),
  primary key (person_id, text_version, agreed_at)
);
create unique index consent_in_force on people.consent (person_id, text_version) where withdrawn_at is null;

-- What other capabilities may read in their own SQL.
create view people.v_enrollment as
  select person_id, enrollment_no, insurance_type, category, pool_code, valid_from, valid_to, payment_state
  from people.enrollment;

grant select on all tables in schema people to tongban_app;
grant insert on people.consent_text to tongban_app;
grant insert, update on people.consent, people.credential, people.credential_index to tongban_app;
grant insert, delete on people.kin to tongban_app;
grant insert, update, delete on people.scan_code to tongban_app;
