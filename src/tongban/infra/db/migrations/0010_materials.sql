-- Pictures of papers: who they belong to, what they were handed in with, how long they are kept. The pictures themselves
-- lie sealed in the store of files (infra/files.py); here is what is needed to find, check and purge them.
create schema materials;
grant usage on schema materials to tongban_app;

-- The next serial for a person's materials. Its row is the lock under which a person's pictures are put away and
-- purged, so that a purge never takes a picture that is just being used again.
create table materials.person_serial (
  person_id     bigint primary key,
  next_serial   integer not null check (next_serial > 0)
);

create table materials.material (
  person_id     bigint not null,          -- whose paper it is
  material_serial integer not null check (material_serial > 0),
  kind          text not null,            -- materials/model.py
  sha256        bytea not null check (octet_length(sha256) = 32),  -- over the digests of the pages
  pages_sha256  bytea[] not null check (cardinality(pages_sha256) > 0),  -- of each cleaned page
  bytes         integer not null check (bytes > 0),                -- all pages together
  uploaded_by   bigint not null,
  uploaded_at   timestamptz not null,
  wanted_at     timestamptz not null,     -- last time the same picture was sent or taken again
  keep_until    date,                     -- the last day it has to be kept; null: handed in with nothing yet
  primary key (person_id, material_serial),
  unique (person_id, kind, sha256, uploaded_by)
);
create index material_due on materials.material (keep_until);
create index material_loose on materials.material (wanted_at) where keep_until is null;

-- What a material was handed in with. `person_id` is whose matter it is; a proxy's paper belongs to the proxy.
create table materials.attachment (
  person_id     bigint not null,
  subject       text not null check (subject <> ''),   -- the number of the matter
  owner_id      bigint not null,
  material_serial integer not null,
  attached_at   timestamptz not null,
  closed_at     timestamptz check (closed_at >= attached_at),
  keep_until    date not null,
  primary key (person_id, subject, owner_id, material_serial),
  -- Two years at the very least, whatever a caller or a policy says.
  constraint attachment_kept_long_enough check (
    keep_until >= (coalesce(closed_at, attached_at) at time zone 'Asia/Shanghai')::date + interval '24 months')
);
create index attachment_of_material on materials.attachment (owner_id, material_serial);

-- A picture on its way: what has arrived of it, sealed piece by piece. Gone once it is whole, or after two days.
create table materials.upload (
  person_id     bigint not null,          -- who sends it
  draft_id      uuid not null,
  slot          text not null,
  sha256        bytea not null check (octet_length(sha256) = 32),  -- of the whole, as the sender says
  bytes_total   integer not null check (bytes_total > 0),
  bytes_here    integer not null default 0 check (bytes_here between 0 and bytes_total),
  began_at      timestamptz not null,
  expires_at    timestamptz not null,
  primary key (person_id, draft_id, slot, sha256)   -- two windows may send two pictures for one slot
);
create index upload_expiry on materials.upload (expires_at);

create table materials.piece (
  person_id     bigint not null,
  draft_id      uuid not null,
  slot          text not null,
  sha256        bytea not null,
  starts_at     integer not null check (starts_at >= 0),   -- offset in the whole
  content_enc   bytea not null,
  primary key (person_id, draft_id, slot, sha256, starts_at),
  foreign key (person_id, draft_id, slot, sha256) references materials.upload on delete cascade
);

-- What a program read in a picture: a proposal, never more. Sealed, for it holds names and amounts.
create table materials.proposal (
  person_id     bigint not null,
  material_serial integer not null,
  content_enc   bytea not null,
  read_at       timestamptz not null,
  primary key (person_id, material_serial),
  foreign key (person_id, material_serial) references materials.material on delete cascade
);

-- The law's two years, kept by the database itself: no program, and no clock of a program, deletes a material early.
create function materials.refuse_early_deletion() returns trigger language plpgsql as $$
begin
  if old.keep_until is not null and old.keep_until >= (now() at time zone 'Asia/Shanghai')::date then
    raise exception 'material % of person % is kept until %', old.material_serial, old.person_id, old.keep_until
      using errcode = '23514';
  end if;
  if old.keep_until is null and old.wanted_at > now() - interval '30 days' then
    raise exception 'material % of person % was wanted on %', old.material_serial, old.person_id, old.wanted_at
      using errcode = '23514';
  end if;
  if exists (select from materials.attachment a
             where a.owner_id = old.person_id and a.material_serial = old.material_serial
               and a.keep_until >= (now() at time zone 'Asia/Shanghai')::date) then
    raise exception 'material % of person % was handed in', old.material_serial, old.person_id using errcode = '23514';
  end if;
  return old;
end $$;
create trigger material_kept before delete on materials.material
  for each row execute function materials.refuse_early_deletion();

create function materials.refuse_early_forgetting() returns trigger language plpgsql as $$
begin
  if old.keep_until >= (now() at time zone 'Asia/Shanghai')::date then
    raise exception 'an attachment to % is kept until %', old.subject, old.keep_until using errcode = '23514';
  end if;
  return old;
end $$;
create trigger attachment_kept before delete on materials.attachment
  for each row execute function materials.refuse_early_forgetting();

-- A retention is only ever made longer, and what a picture is cannot be changed.
create function materials.refuse_shorter() returns trigger language plpgsql as $$
begin
  if old.keep_until is not null and (new.keep_until is null or new.keep_until < old.keep_until) then
    raise exception 'a retention is never shortened' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger material_not_shorter before update on materials.material
  for each row execute function materials.refuse_shorter();
create trigger attachment_not_shorter before update on materials.attachment
  for each row execute function materials.refuse_shorter();

create function materials.refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception 'materials are purged by their age, never all at once' using errcode = '23514';
end $$;
create trigger material_no_truncate before truncate on materials.material
  for each statement execute function materials.refuse_truncate();
create trigger attachment_no_truncate before truncate on materials.attachment
  for each statement execute function materials.refuse_truncate();

grant select, insert, update on materials.person_serial to tongban_app;
grant select, insert, delete on materials.material, materials.attachment to tongban_app;
grant update (wanted_at, keep_until) on materials.material to tongban_app;
grant update (closed_at, keep_until) on materials.attachment to tongban_app;
grant select, insert, update, delete on materials.upload, materials.piece, materials.proposal to tongban_app;
