-- 门诊慢特病: who applies for recognition, what the agency decided, and at which institutions it counts.
create schema chronic;
grant usage on schema chronic to tongban_app;

-- The last serial given to a person's applications and certifications. Its row is the lock that everything which would
-- open, decide or change one of them queues at.
create table chronic.person_serial (
  person_id     bigint primary key,
  last_serial   integer not null check (last_serial > 0)
);

-- 办件. What was typed is a draft until it is handed in; then it is a row here.
create table chronic.application (
  person_id     bigint not null,          -- the insured person
  application_serial integer not null check (application_serial > 0),
  purpose       text not null check (purpose in ('recognise', 'change_institutions', 'renew')),
  certification_serial integer,           -- the one that is changed or renewed
  insured_pool  text not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  category      text not null,
  institutions  text[] not null default '{}',
  state         text not null check (state in ('in_review', 'materials_due', 'recognised', 'refused', 'withdrawn')),
  version       integer not null default 1 check (version > 0),
  channel       text not null,
  applied_by    bigint not null,          -- who signed: the insured person or a proxy
  relation      text not null default '', -- what the proxy is to the insured person
  contact_name  text not null,
  contact_phone_enc bytea not null,
  answers       jsonb not null,           -- as confirmed, for the archive; the phone is sealed above
  policy_version text not null,
  submit_token  uuid not null,
  applied_at    timestamptz not null,
  due_on        date,                     -- last day of the time the law gives the agency; null: no source gives one
  asked_kinds   text[] not null default '{}', -- which materials are asked for, while they are due
  asked_sentence text not null default '',
  accepted_by   text not null default '', -- the operator who took it
  accepted_at   timestamptz,
  decided_by    text not null default '',
  decided_at    timestamptz,
  reason_code   text not null default '', -- of a refusal
  reason        text not null default '',
  primary key (person_id, application_serial),
  unique (person_id, submit_token),
  check ((purpose = 'recognise') = (certification_serial is null)),
  check ((accepted_by = '') = (accepted_at is null)),
  check ((state in ('recognised', 'refused', 'withdrawn')) = (decided_at is not null)),
  check ((state = 'materials_due') = (cardinality(asked_kinds) > 0 and asked_sentence <> '')),
  check ((state = 'refused') = (reason_code <> '' and reason <> '')),
  check (state not in ('recognised', 'refused', 'materials_due') or accepted_by <> '')
);
create index application_by_signer on chronic.application (applied_by, applied_at);
-- The agency's queue.
create index application_queue on chronic.application (insured_pool, applied_at) where state in ('in_review', 'materials_due');

-- `disease` is the law's word: one of the ten that settle across provinces, a residents' drug scheme, or any other.
create table chronic.application_disease (
  person_id     bigint not null,
  application_serial integer not null,
  disease       text not null,
  disease_code  text not null,
  disease_key   text not null generated always as (case disease when 'local' then disease_code else disease end) stored,
  is_open       boolean not null default true,   -- its application is not decided yet
  is_recognised boolean,                         -- null until the agency has said so of this one
  primary key (person_id, application_serial, disease_key),
  foreign key (person_id, application_serial) references chronic.application
);
-- The same disease is not applied for twice at a time.
create unique index application_once on chronic.application_disease (person_id, disease_key) where is_open;

-- From which state into which. A decided application never changes again.
create function chronic.check_transition() returns trigger language plpgsql as $$
begin
  if not (
    case old.state
      when 'in_review' then new.state in ('in_review', 'materials_due', 'recognised', 'refused', 'withdrawn')
      when 'materials_due' then new.state in ('in_review', 'withdrawn')
      else false
    end
  ) then
    raise exception 'an application cannot go from % to %', old.state, new.state using errcode = 'check_violation',
      constraint = 'application_transition';
  end if;
  new.version := old.version + 1;
  return new;
end $$;
create trigger application_transition before update on chronic.application
  for each row execute function chronic.check_transition();

create function chronic.close_diseases() returns trigger language plpgsql as $$
begin
  update chronic.application_disease set is_open = false
  where person_id = new.person_id and application_serial = new.application_serial;
  return null;
end $$;
create trigger application_decided after update on chronic.application
  for each row when (new.state in ('recognised', 'refused', 'withdrawn')) execute function chronic.close_diseases();

-- What happened to it, in the words of the timeline.
create table chronic.event (
  person_id     bigint not null,
  application_serial integer not null,
  event_no      smallint not null,
  at            timestamptz not null,
  what          text not null check (what in ('applied', 'accepted', 'asked', 'supplied', 'recognised', 'refused', 'withdrawn',
    'ended')),
  actor         text not null,
  channel       text not null,
  note          text not null default '',
  primary key (person_id, application_serial, event_no),
  foreign key (person_id, application_serial) references chronic.application
);

-- 认定. `valid_to_basis` says where its last day comes from: the law of the insured pool, the operator who decided, or
-- nowhere, and then it is open. It counts for the insurance it was given under: whoever moves is recognised anew.
create table chronic.certification (
  person_id     bigint not null,
  certification_serial integer not null check (certification_serial > 0),
  application_serial integer not null,
  insured_pool  text not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  disease       text not null,
  disease_code  text not null,
  disease_key   text not null generated always as (case disease when 'local' then disease_code else disease end) stored,
  valid_from    date not null,
  valid_to      date check (valid_to >= valid_from),   -- the last day counts
  valid_to_basis text not null check (valid_to_basis in ('policy', 'operator', 'unknown')),
  decided_by    text not null check (decided_by <> ''),
  decided_at    timestamptz not null,
  ended_by      text not null default '',              -- who moved its last day forward
  end_reason    text not null default '',
  primary key (person_id, certification_serial),
  foreign key (person_id, application_serial) references chronic.application,
  check ((ended_by = '') = (end_reason = '')),
  constraint certification_once exclude using gist (
    person_id with =, insured_pool with =, insurance_type with =, disease_key with =,
    daterange(valid_from, valid_to, '[]') with &&
  )
);

-- 定点: where it counts, if the insured pool binds it to institutions. None: no institution was chosen.
create table chronic.designation (
  person_id     bigint not null,
  certification_serial integer not null,
  institution_code text not null,
  valid_from    date not null,
  valid_to      date check (valid_to >= valid_from),
  primary key (person_id, certification_serial, institution_code, valid_from),
  foreign key (person_id, certification_serial) references chronic.certification,
  constraint designation_once exclude using gist (
    person_id with =, certification_serial with =, institution_code with =, daterange(valid_from, valid_to, '[]') with &&
  )
);

-- What settlement may read in its own SQL.
create view chronic.v_certification as
  select person_id, certification_serial, insured_pool, insurance_type, disease, disease_code, valid_from, valid_to
  from chronic.certification;
create view chronic.v_designation as
  select person_id, certification_serial, institution_code, valid_from, valid_to from chronic.designation;

grant select on chronic.v_certification, chronic.v_designation to tongban_app;
grant select, insert, update on chronic.person_serial to tongban_app;
-- What was applied for, signed and certified stays as it was; only what follows from it is written later.
grant select, insert on chronic.application, chronic.application_disease, chronic.certification to tongban_app;
grant update (state, version, due_on, asked_kinds, asked_sentence, accepted_by, accepted_at, decided_by, decided_at,
  reason_code, reason) on chronic.application to tongban_app;
grant update (is_open, is_recognised) on chronic.application_disease to tongban_app;
grant update (valid_to, valid_to_basis, ended_by, end_reason) on chronic.certification to tongban_app;
grant select, insert, update, delete on chronic.designation to tongban_app;
grant select, insert on chronic.event to tongban_app;
