-- The role every web process belongs to: it reads and writes rows, it never changes the schema.
-- Whoever may log in is granted this role by `tongban db migrate`; it has no password of its own.
do $$ begin
  if not exists (select from pg_roles where rolname = 'tongban_app') then create role tongban_app nologin; end if;
end $$;

create schema infra;
grant usage on schema infra to tongban_app;

create extension if not exists btree_gist;
create extension if not exists pg_trgm;

-- Every look at, and every change of, a person's data. Append-only: the web role may neither change nor delete.
create table infra.audit (
  audit_id    bigint generated always as identity primary key,
  at          timestamptz not null,
  actor       text not null,              -- 'person:<id>', 'institution:<code>', 'operator:<name>'
  channel     text not null,              -- portal, gateway, cli …
  action      text not null,              -- 'filing.opened', 'settlement.viewed' …
  person_id   bigint,                     -- whose data
  subject     text not null default '',   -- the number of the row concerned
  detail      jsonb not null default '{}'
);
comment on table infra.audit is 'log: ordered by time over all persons, so it is not distributed by person';
create index audit_person on infra.audit (person_id, audit_id);
grant select, insert on infra.audit to tongban_app;

-- Server-side sessions of the pages. The key is a hash: a copy of this table opens no session.
create table infra.session (
  key_hash    bytea primary key,
  person_id   bigint,                     -- whose it is, so that all of a person's can be ended at once
  data        bytea not null,
  until       timestamptz not null
);
comment on table infra.session is 'lookup: by the hash of a random id';
create index session_until on infra.session (until);
create index session_person on infra.session (person_id);
grant select, insert, update, delete on infra.session to tongban_app;

-- A form that arrived after its session had ended: kept, sealed, until the same person has signed in again.
create table infra.held_form (
  person_id   bigint primary key,
  sealed      bytea not null,
  until       timestamptz not null
);
create index held_form_until on infra.held_form (until);
grant select, insert, update, delete on infra.held_form to tongban_app;

-- One row per thing limited (sign-in attempts, codes) and time slot.
create table infra.rate (
  key         text not null,
  slot        bigint not null,
  used        integer not null,
  primary key (key, slot)
);
grant select, insert, update, delete on infra.rate to tongban_app;
